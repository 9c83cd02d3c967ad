import { describe, expect, test } from "vitest";
import { anyAxis, edgesOf } from "../../src/comparison/edge.js";
import { goodRangeOf } from "../../src/comparison/good-range.js";
import { bestOfAll, groupsOf } from "../../src/comparison/groups.js";
import { spreadOf, tunedWinners } from "../../src/comparison/tuned.js";
import { byAccuracy, byGap, overRates, rate, runsWith, type Score } from "./fixture.js";

const edges = (...tried: (readonly [number, ...Score[]])[]) => {
  const groups = overRates(byGap, "lars", tried);
  return edgesOf(groups, bestOfAll(groups, byGap), byGap);
};

test("a configuration comes to the median of its seeds, their range, and mean and standard error", () => {
  const [group] = overRates(byGap, "lars", [[0.1, 1, 2, 6]]);
  // Mean 9/3; deviations −2, −1, 3: variance 14/2, over n = 3.
  expect(spreadOf(group!, byGap)).toEqual({
    ...{ seeds: 3, median: 2, min: 1, max: 6, mean: 3, diverged: 0, unfinished: 0 },
    standardError: Math.sqrt(14 / 2 / 3),
  });
  const [lost] = overRates(byGap, "lars", [[0.1, 1, "diverged", 2, "failed", 3]]);
  expect(spreadOf(lost!, byGap)).toEqual({
    ...{ seeds: 5, median: 3, min: 1, max: Number.POSITIVE_INFINITY, mean: Number.POSITIVE_INFINITY },
    ...{ diverged: 1, unfinished: 1, standardError: undefined },
  });
  expect(spreadOf(overRates(byGap, "lars", [[0.1, 4]])[0]!, byGap).standardError).toBeUndefined();
});

test("each optimizer is judged by its best configuration under each condition, with what it took to find it", () => {
  const on = (condition: number, optimizer: string, learningRate: number, ...scores: Score[]) =>
    runsWith(byGap, optimizer, { "problem.conditionNumber": condition, [rate]: learningRate }, scores);
  const groups = groupsOf(
    [
      ...[on(10, "lars", 0.1, 4, 5), on(10, "lars", 0.2, 1, 3), on(10, "sgd", 0.1, 7, 7)],
      ...[on(99, "lars", 0.1, 8, 9), on(99, "lars", 0.2, "diverged", 1), on(99, "sgd", 0.1, "diverged", 7)],
    ].flat(),
    byGap,
  );
  const infinite = Number.POSITIVE_INFINITY;
  const winners = tunedWinners(groups, byGap);
  expect(
    winners.map(({ optimizer, facet, group, median, configurations, diverged }) => [
      ...[facet, optimizer, group.axes[rate], median, configurations, diverged],
    ]),
  ).toEqual([
    ["conditionNumber=10", "lars", 0.2, 2, 2, 0],
    ["conditionNumber=10", "sgd", 0.1, 7, 1, 0],
    // Half of the seeds at 0.2 diverged: their median is the worst there is.
    ["conditionNumber=99", "lars", 0.1, 8.5, 2, 0],
    ["conditionNumber=99", "sgd", 0.1, infinite, 1, 1],
  ]);
});

describe("the edge", () => {
  test("is where the best has the last value that was tried, with what goes on beyond", () => {
    expect(edges([0.1, 3], [1, 2], [10, 1])).toEqual([
      {
        ...{ path: rate, value: 10, side: "largest", ties: [], further: [100, 1000] },
        option: "--sweep optimizer.learningRate+=list:100,1000",
      },
    ]);
    expect(edges([0.1, 1], [1, 2], [10, 3])).toMatchObject([{ side: "smallest", further: [0.01, 0.001] }]);
    expect(edges([0.1, 2], [1, 1], [10, 3])).toEqual([]);
  });

  test("is none where it was crossed: beyond the best all diverged", () => {
    expect(edges([0.1, 2], [1, 1], [10, "diverged"])).toEqual([]);
  });

  test("is none for two values, for values that are no numbers, and where nothing came to a number", () => {
    expect(edges([0.1, 2], [1, 1])).toEqual([]);
    const groups = groupsOf(
      ["cosine", "step", "constant"].flatMap((schedule, i) => runsWith(byGap, "lars", { schedule }, [i])),
      byGap,
    );
    expect(edgesOf(groups, groups[0]!, byGap)).toEqual([]);
    const lost = overRates(
      byGap,
      "lars",
      [0.1, 1, 10].map((value) => [value, "diverged"]),
    );
    expect(tunedWinners(lost, byGap)).toMatchObject([{ edges: [], goodRange: undefined }]);
  });

  test("names the values inside that are as good", () => {
    expect(edges([0.1, 1], [1, 1], [10, 3], [100, 1])).toMatchObject([{ side: "smallest", ties: [1, 100] }]);
  });

  test("is none where the axis cannot go on: at a natural end, or where the config would be refused", () => {
    const momenta = groupsOf(
      [0, 0.3, 0.6, 0.9].flatMap((momentum, i) => runsWith(byGap, "lars", { "optimizer.momentum": momentum }, [i])),
      byGap,
    );
    expect(edgesOf(momenta, momenta[0]!, byGap)).toEqual([]);
    const below1 = (_: unknown, _path: string, value: number) => value < 1;
    expect(edgesOf(momenta, momenta[3]!, byGap, { ...anyAxis, allows: below1 })).toEqual([]);
    expect(edgesOf(momenta, momenta[3]!, byGap)).toMatchObject([{ further: [1.2, 1.5] }]);
    // The mean ratio of 10, 20, 50 is √5: 111.8, 250.
    const whole = (_: unknown, _path: string, value: number) => Number.isInteger(value);
    const sizes = overRates(byGap, "lars", [
      [10, 3],
      [20, 2],
      [50, 1],
    ]);
    expect(edgesOf(sizes, sizes[2]!, byGap, { ...anyAxis, allows: whole })).toMatchObject([{ further: [112, 250] }]);
  });

  test("of a searched axis is told without an option that extends it", () => {
    const rates = overRates(byGap, "lars", [
      [0.1, 3],
      [0.25, 2],
      [0.9, 1],
    ]);
    const [edge] = edgesOf(rates, rates[2]!, byGap, { ...anyAxis, isSearched: (path) => path === rate });
    expect(edge).toMatchObject({ side: "largest", value: 0.9 });
    expect(edge).not.toHaveProperty("option");
  });

  test("is none where a search has drawn several values at once: one of the trials must be the outermost", () => {
    const drawn = [
      [0.1, 0.5, 3],
      [0.25, 0.9, 2],
      [0.9, 0.1, 1],
    ] as const;
    const trials = groupsOf(
      drawn.flatMap(([value, momentum, gap]) =>
        runsWith(byGap, "lars", { [rate]: value, "optimizer.momentum": momentum }, [gap]),
      ),
      byGap,
    );
    expect(edgesOf(trials, trials[2]!, byGap, { ...anyAxis, isSearched: () => true })).toEqual([]);
    expect(edgesOf(trials, trials[2]!, byGap)).toMatchObject([{ path: rate }]);
  });

  test("is told of every axis that is tuned, and of no condition", () => {
    const grid = [1, 2, 3].flatMap((batchSize) =>
      [0.1, 1, 10].flatMap((learningRate) =>
        [0, 0.3, 0.6].flatMap((momentum) =>
          runsWith(byGap, "lars", { batchSize, [rate]: learningRate, "optimizer.momentum": momentum }, [
            learningRate + 1 - momentum + batchSize,
          ]),
        ),
      ),
    );
    // Best at the smallest rate and the largest momentum, at every batch size.
    const found = tunedWinners(groupsOf(grid, byGap), byGap).map((winner) => winner.edges.map(({ path }) => path));
    expect(found).toEqual(Array.from({ length: 3 }, () => [rate, "optimizer.momentum"]));
  });
});

describe("the good range", () => {
  const rangeOf = (...tried: (readonly [number, ...Score[]])[]) => {
    const groups = overRates(byGap, "lars", tried);
    return goodRangeOf(groups, bestOfAll(groups, byGap), byGap);
  };

  test("is where the median is at most twice the best, between rates that were tried", () => {
    expect(rangeOf([0.01, 5], [0.1, 2], [1, 1], [10, 1.9], [100, 2.1])).toEqual({
      ...{ path: rate, from: 0.1, to: 10, decades: 2, isOpen: false, tried: 5, tolerance: "at most twice the best" },
    });
    // It is an interval: a good rate beyond a bad one is not in it.
    expect(rangeOf([0.01, 1.1], [0.1, 9], [1, 1], [10, "diverged"])).toMatchObject({ from: 1, to: 1, decades: 0 });
    expect(rangeOf([0.01, 9], [0.1, 1.5], [1, 1])).toMatchObject({ from: 0.1, to: 1, isOpen: true });
  });

  test("is where accuracy is within one percentage point of the best", () => {
    const groups = overRates(byAccuracy, "lars", [
      [0.01, 0.9],
      [0.1, 0.97],
      [1, 0.98],
      [10, 0.9699],
      [100, "diverged"],
    ]);
    expect(goodRangeOf(groups, groups[2]!, byAccuracy)).toMatchObject({
      ...{ from: 0.1, to: 1, decades: 1, isOpen: false, tolerance: "within 1 percentage point of the best" },
    });
  });

  test("is told of a log axis, the learning rate before others, everything else as at the best", () => {
    const of = (learningRate: number, weightDecay: number, score: number) =>
      runsWith(byGap, "lars", { "optimizer.weightDecay": weightDecay, [rate]: learningRate }, [score]);
    const runs = [0.1, 1, 10].flatMap((learningRate) =>
      [1e-4, 1e-3, 1e-2].flatMap((decay) => of(learningRate, decay, decay === 1e-3 ? 1 : 5)),
    );
    const groups = groupsOf(runs, byGap);
    expect(goodRangeOf(groups, bestOfAll(groups, byGap), byGap)).toMatchObject({ path: rate, decades: 2 });
    const decays = groups.filter(({ axes }) => axes[rate] === 1);
    expect(goodRangeOf(decays, bestOfAll(decays, byGap), byGap)).toMatchObject({
      ...{ path: "optimizer.weightDecay", from: 1e-3, decades: 0 },
    });
    const momenta = groupsOf(
      [0.1, 0.2, 0.3].flatMap((momentum) => runsWith(byGap, "lars", { "optimizer.momentum": momentum }, [1])),
      byGap,
    );
    expect(goodRangeOf(momenta, momenta[0]!, byGap)).toBeUndefined();
  });

  test("knows nothing of rates at which a search has stopped", () => {
    const tried = overRates(byGap, "lars", [
      [0.1, 2],
      [0.2, "stopped"],
      [0.4, 1],
      [0.8, 1.5],
      [1.6, "stopped"],
    ]);
    expect(goodRangeOf(tried, tried[2]!, byGap)).toMatchObject({ from: 0.1, to: 0.8, tried: 3, isOpen: true });
    const alone = overRates(byGap, "lars", [
      [0.1, "stopped"],
      [0.2, 1],
      [0.4, "stopped"],
    ]);
    expect(goodRangeOf(alone, alone[1]!, byGap)).toBeUndefined();
  });
});
