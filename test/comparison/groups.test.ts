import { describe, expect, test } from "vitest";
import {
  axesOf,
  bestGroups,
  groupsOf,
  medianOf,
  scoresOf,
  shownInDetail,
  spread,
} from "../../src/comparison/groups.js";
import { axesText, shownLabels } from "../../src/comparison/labels.js";
import { type Objective, objectiveOf, wordsOf } from "../../src/comparison/objective.js";
import { defaultConditions, objectiveSchema } from "../../src/config/objective-schema.js";
import { heatMap } from "../../src/report/figures/heat-map.js";
import type { Manifest, Status } from "../../src/results/manifest.js";

const run = (rate: number, seed: number, trainLoss: unknown, status: Status = "completed") =>
  ({
    ...{ label: `lars learningRate=${rate} seed=${seed}`, optimizer: "lars", seed, status },
    axes: { "optimizer.learningRate": rate },
    outcome: { steps: 1, final: { trainLoss }, best: { trainLoss: 0 } },
  }) as unknown as Manifest;

const byLoss: Objective = { column: "train_loss", statistic: "final", direction: "minimize", per: defaultConditions };

test("configurations are ranked by the median of what their seeds came to", () => {
  const losses = [[0.3, 0.4, 9], [0.5, 0.1, 0.35], ...Array.from({ length: 8 }, () => [1, 2, 3])];
  const groups = groupsOf(
    losses.flatMap((seeds, rate) => seeds.map((loss, seed) => run(rate, seed, loss))),
    byLoss,
  );
  expect(groups).toHaveLength(10);
  // Medians 0.4 and 0.35
  expect(shownInDetail(groups, byLoss).map(({ axes }) => axes)).toEqual([{ "optimizer.learningRate": 1 }]);
});

test("a seed that did not complete, or came to no number, counts as the worst", () => {
  const runs = [run(1, 0, 0.5), run(1, 1, 0.1, "diverged"), run(1, 2, "NaN"), run(1, 3, "Infinity")];
  const never = { ...run(1, 4, 0), outcome: { steps: 3 } } as unknown as Manifest;
  const infinite = Number.POSITIVE_INFINITY;
  expect(scoresOf(groupsOf([...runs, never], byLoss)[0]!, byLoss)).toEqual([
    0.5,
    infinite,
    infinite,
    infinite,
    infinite,
  ]);
  const most: Objective = { ...byLoss, direction: "maximize" };
  expect(scoresOf(groupsOf([...runs, never], byLoss)[0]!, most)).toEqual([
    0.5,
    -infinite,
    -infinite,
    infinite,
    -infinite,
  ]);
  // Two seeds that came to nothing come to the worst there is, which nobody is worse than.
  const none = [run(1, 0, 0, "diverged"), run(1, 1, 0, "diverged")];
  expect(medianOf(groupsOf(none, byLoss)[0]!, byLoss)).toBe(infinite);
  expect(medianOf(groupsOf(none, byLoss)[0]!, most)).toBe(-infinite);
  expect(bestGroups(groupsOf([...none, run(2, 0, 5)], byLoss), byLoss)).toMatchObject([{ runs: [{ seed: 0 }] }]);
  // Between the worst and a number there is nothing but the worst.
  const half = groupsOf([run(1, 0, 0.5), run(1, 1, 0.1, "diverged")], byLoss)[0]!;
  expect([medianOf(half, byLoss), medianOf(half, most)]).toEqual([infinite, -infinite]);
});

describe("what runs are compared by", () => {
  const measuring = (final: object, status: Status = "completed") =>
    ({ ...run(1, 0, 0), status, outcome: { steps: 1, final, best: final } }) as unknown as Manifest;
  const all = { trainLoss: 1, valLoss: 2, valAccuracy: 0.5, testLoss: 3, testAccuracy: 0.6 };

  test("is by default the distance from the optimum, else the validation set's, else the training loss: never the test set's", () => {
    const words = (...runs: Manifest[]) => wordsOf(objectiveOf(undefined, runs));
    expect(words(measuring({ ...all, gap: 1, distance: 1 }))).toBe("final gap");
    expect(words(measuring({ ...all, distance: 1 }))).toBe("final distance");
    expect(words(measuring(all))).toBe("final validation accuracy");
    expect(words(measuring({ trainLoss: 1, valLoss: 2, testLoss: 3 }))).toBe("final validation loss");
    expect(words(measuring({ trainLoss: 1, testAccuracy: 0.6 }))).toBe("final training loss");
    // Something that all can be compared by; one that diverged before it was evaluated has no say.
    expect(words(measuring(all), measuring({ trainLoss: 1 }))).toBe("final training loss");
    expect(words(measuring(all), measuring({}, "diverged"))).toBe("final validation accuracy");
    expect(words()).toBe("final training loss");
  });

  test("is what the config says, better in the direction that its quantity has", () => {
    const of = (configured: unknown) => objectiveOf(objectiveSchema.parse(configured), [measuring(all)]);
    expect(of("test_accuracy")).toMatchObject({ column: "test_accuracy", statistic: "final", direction: "maximize" });
    expect(of({ column: "val_loss", statistic: "best" })).toEqual({
      ...{ column: "val_loss", statistic: "best", direction: "minimize", per: defaultConditions },
    });
    expect(of({ statistic: "best", per: ["batchSize"] })).toEqual({
      ...{ column: "val_accuracy", statistic: "best", direction: "maximize", per: ["batchSize"] },
    });
    expect(of({ column: "distance", direction: "maximize" }).direction).toBe("maximize");
    expect(wordsOf(of({ column: "averaged_val_accuracy", statistic: "best" }))).toBe(
      "best averaged validation accuracy",
    );
  });

  test("chooses the best group of each optimizer", () => {
    const accurate = (rate: number, valAccuracy: number) => ({
      ...run(rate, 0, 1 / valAccuracy),
      outcome: { steps: 1, final: { trainLoss: 1, valAccuracy }, best: {} },
    });
    const runs = [accurate(1, 0.7), accurate(2, 0.9), accurate(3, 0.9), accurate(4, 0.1)];
    const objective = objectiveOf(undefined, runs);
    const groups = groupsOf(runs, objective);
    expect(bestGroups(groups, objective).map(({ axes }) => axes["optimizer.learningRate"])).toEqual([2]);
  });
});

test("of too many configurations as many of each optimizer are drawn as there is room for, the ends among them", () => {
  const of = (optimizer: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...{ label: `${optimizer} ${i}`, optimizer, axes: {}, conditions: {}, facet: "", runs: [] },
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
  const groups = groupsOf([on(1, 0.1, 0), on(1, 0.2, 1e-9), on(100, 0.1, 5), on(100, 0.2, 3)], byLoss);
  expect(bestGroups(groups, byLoss).map(({ axes, facet }) => [facet, axes["optimizer.learningRate"]])).toEqual([
    ["conditionNumber=1", 0.1],
    ["conditionNumber=100", 0.2],
  ]);
  expect(axesOf(groups)).toEqual({
    tuned: [["optimizer.learningRate", [0.1, 0.2]]],
    facets: [["problem.conditionNumber", [1, 100]]],
  });
});

test("nor over batch sizes and lengths of training, but for a config that says over what", () => {
  const at = (batchSize: number, momentum: number, loss: number) => ({
    ...run(1, 0, loss),
    label: `lars batchSize=${batchSize} momentum=${momentum} seed=0`,
    axes: { batchSize, "optimizer.momentum": momentum },
  });
  const runs = [at(64, 0, 1), at(64, 0.9, 2), at(512, 0, 4), at(512, 0.9, 3)];
  const best = (objective: Objective) =>
    bestGroups(groupsOf(runs, objective), objective).map(({ facet, axes }) => [facet, ...Object.values(axes)]);
  expect(best(byLoss)).toEqual([
    ["batchSize=64", 64, 0],
    ["batchSize=512", 512, 0.9],
  ]);
  expect(best({ ...byLoss, per: [] })).toEqual([["", 64, 0]]);
  expect(best({ ...byLoss, per: ["optimizer"] })).toEqual([
    ["momentum=0", 64, 0],
    ["momentum=0.9", 64, 0.9],
  ]);
  // The beginning of a name is not the beginning of a path.
  expect(best({ ...byLoss, per: ["batch", "optimizer.mom"] })).toEqual([["", 64, 0]]);
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
    groups: groupsOf([scaled(1, 1, 0.5), scaled(2, 1, 0.25), scaled(1, 1024, 512), scaled(2, 1024, 256)], byLoss),
    results: { objective: byLoss },
  } as never)!;
  const column = figure.data.fields.indexOf("value");
  expect(figure.data.rows.map((row) => row[column])).toEqual([0.5, 0.25, 0.5, 0.25]);
  expect(figure.caption).toContain("Losses are divided by problem.lossScale.");
  expect(figure.caption).not.toContain("Ring");
});

test("counts are told with all of their digits, rates with four", () => {
  expect(axesText({ batchSize: 16_384, "optimizer.learningRate": 10 ** -0.5 })).toBe(
    "batchSize=16384, learningRate=0.3162",
  );
  expect(shownLabels(["lars learningRate=0.31622776601683794 steps=12345678"])).toEqual([
    "lars learningRate=0.3162 steps=12345678",
  ]);
});
