import { expect, test } from "vitest";
import { heatMap } from "../../src/report/figures/heat-map.js";
import {
  axesOf,
  bestGroups,
  finalLosses,
  groupsOf,
  rankingLoss,
  shownInDetail,
  spread,
} from "../../src/report/groups.js";
import type { Manifest, Status } from "../../src/results/manifest.js";

const run = (rate: number, seed: number, trainLoss: unknown, status: Status = "completed") =>
  ({
    ...{ label: `lars learningRate=${rate} seed=${seed}`, optimizer: "lars", seed, status },
    axes: { "optimizer.learningRate": rate },
    outcome: { steps: 1, final: { trainLoss }, best: { trainLoss: 0 } },
  }) as unknown as Manifest;

test("configurations are ranked by the median of their seeds' final training losses", () => {
  const losses = [[0.3, 0.4, 9], [0.5, 0.1, 0.35], ...Array.from({ length: 8 }, () => [1, 2, 3])];
  const groups = groupsOf(losses.flatMap((seeds, rate) => seeds.map((loss, seed) => run(rate, seed, loss))));
  expect(groups).toHaveLength(10);
  // Medians 0.4 and 0.35
  expect(shownInDetail(groups).map(({ axes }) => axes)).toEqual([{ "optimizer.learningRate": 1 }]);
});

test("a seed that did not complete, or whose loss is no number, counts as infinite", () => {
  const runs = [run(1, 0, 0.5), run(1, 1, 0.1, "diverged"), run(1, 2, "NaN"), run(1, 3, "Infinity")];
  const never = { ...run(1, 4, 0), outcome: { steps: 3 } } as unknown as Manifest;
  const infinite = Number.POSITIVE_INFINITY;
  expect(finalLosses(groupsOf([...runs, never])[0]!)).toEqual([0.5, infinite, infinite, infinite, infinite]);
});

test("where there is a validation set, its loss ranks: never the test set's, nor that of training", () => {
  const validated = (rate: number, valLoss: number, testLoss: number) => {
    const one = run(rate, 0, 1 / valLoss);
    return { ...one, outcome: { ...one.outcome!, final: { trainLoss: 1 / valLoss, valLoss, testLoss } } };
  };
  const groups = groupsOf([validated(1, 0.2, 9), validated(2, 0.1, 8), validated(3, 0.3, 7)]);
  expect(groups.map((group) => finalLosses(group))).toEqual([[0.2], [0.1], [0.3]]);
  expect(bestGroups(groups).map(({ axes }) => axes["optimizer.learningRate"])).toEqual([2]);
  expect(rankingLoss(groups)).toBe("validation loss");
  const without = groupsOf([run(1, 0, 0.5)]);
  expect([rankingLoss(without), rankingLoss([...groups, ...without])]).toEqual([
    "training loss",
    "validation or training loss",
  ]);
});

test("of too many configurations as many of each optimizer are drawn as there is room for, the ends among them", () => {
  const of = (optimizer: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ label: `${optimizer} ${i}`, optimizer, axes: {}, facet: "", runs: [] },
    }));
  const groups = [...of("lars", 60), ...of("sgd", 20)];
  expect(spread(groups, 80)).toBe(groups);
  // 8 of 80: a tenth of each, the 60 at distances of 59/5.
  expect(spread(groups, 8).map(({ label }) => label)).toEqual([
    ...["lars 0", "lars 12", "lars 24", "lars 35", "lars 47", "lars 59"],
    ...["sgd 0", "sgd 19"],
  ]);
});

test("nothing is optimised over problems and data: the best of each optimizer is told for every one of them", () => {
  const on = (conditionNumber: number, rate: number, loss: number) => ({
    ...run(rate, 0, loss),
    label: `lars conditionNumber=${conditionNumber} learningRate=${rate} seed=0`,
    axes: { "problem.conditionNumber": conditionNumber, "optimizer.learningRate": rate },
  });
  const groups = groupsOf([on(1, 0.1, 0), on(1, 0.2, 1e-9), on(100, 0.1, 5), on(100, 0.2, 3)]);
  expect(bestGroups(groups).map(({ axes, facet }) => [facet, axes["optimizer.learningRate"]])).toEqual([
    ["conditionNumber=1", 0.1],
    ["conditionNumber=100", 0.2],
  ]);
  expect(axesOf(groups)).toEqual({
    tuned: [["optimizer.learningRate", [0.1, 0.2]]],
    facets: [["problem.conditionNumber", [1, 100]]],
  });
});

test("a heat map shows losses of every loss scale in one unit, and names a ring only where one is drawn", () => {
  const scaled = (initialScale: number, lossScale: number, trainLoss: number) =>
    ({
      ...run(1, 0, trainLoss),
      label: `lars initialScale=${initialScale} lossScale=${lossScale}`,
      axes: { "problem.initialScale": initialScale, "problem.lossScale": lossScale },
      config: { problem: { name: "deep-linear", lossScale } },
    }) as unknown as Manifest;
  const figure = heatMap({
    groups: groupsOf([scaled(1, 1, 0.5), scaled(2, 1, 0.25), scaled(1, 1024, 512), scaled(2, 1024, 256)]),
  } as never)!;
  const column = figure.data.fields.indexOf("value");
  expect(figure.data.rows.map((row) => row[column])).toEqual([0.5, 0.25, 0.5, 0.25]);
  expect(figure.caption).toContain("Losses are divided by problem.lossScale.");
  expect(figure.caption).not.toContain("Ring");
});
