import { describe, expect, test } from "vitest";
import { largestRelativeDifference, type Statistic, slopeOf, statisticOf } from "../../src/expectations/statistics.js";

describe("statistics of 16, 8, 4, 1, 0.5", () => {
  const values = [16, 8, 4, 1, 0.5];
  const table: readonly [Statistic, tail: number, expected: number][] = [
    ["final", 0.1, 0.5],
    ["minimum", 0.1, 0.5],
    ["maximum", 0.1, 16],
    ["mean", 0.1, 5.9], // 29.5/5
    // The last ⌊5·0.6⌋ = 3 entries: 4, 1, 0.5
    ["tail-minimum", 0.6, 0.5],
    ["tail-maximum", 0.6, 4],
    ["tail-mean", 0.6, 5.5 / 3],
    // ⌊5·0.59⌋ = 2
    ["tail-maximum", 0.59, 1],
    // One at least.
    ["tail-maximum", 0.1, 0.5],
    ["tail-maximum", 1, 16],
  ];
  test.each(table)("%s with tail %d is %d", (statistic, tail, expected) => {
    expect(statisticOf(values, statistic, tail)).toBe(expected);
  });

  test.each<Statistic>(["minimum", "maximum", "mean", "tail-minimum", "tail-maximum", "tail-mean"])(
    "%s of a series with NaN is NaN",
    (statistic) => {
      expect(statisticOf([2, Number.NaN], statistic, 1)).toBeNaN();
      expect(statisticOf([Number.NaN, 2], statistic, 1)).toBeNaN();
    },
  );

  test("the final value is the last one, whatever came before; of nothing there is no statistic", () => {
    expect(statisticOf([Number.NaN, 2], "final", 1)).toBe(2);
    expect(statisticOf([2, Number.NaN], "final", 1)).toBeNaN();
    expect(statisticOf([], "minimum", 1)).toBeNaN();
  });
});

describe("the least-squares slope", () => {
  test("by hand", () => {
    expect(slopeOf([0, 1, 2], [5, 3, 1])).toBe(-2);
    // Deviations (−1, 0, 1) and (0, 3, 1) − 4/3: (4/3 − 1/3)/2
    expect(slopeOf([0, 1, 2], [0, 3, 1])).toBeCloseTo(0.5, 15);
    // Abscissae −2, −1, 3 around 0 (spread 14), ordinates 1, 0, 2: (−2 + 6)/14
    expect(slopeOf([8, 9, 13], [1, 0, 2])).toBeCloseTo(4 / 14, 15);
  });

  test("of fewer than two distinct abscissae is NaN", () => {
    for (const x of [[], [1], [1, 1]]) expect(slopeOf(x, x)).toBeNaN();
  });
});

test("the largest relative difference is relative to the second series", () => {
  expect(largestRelativeDifference([1, 3, -4], [1, 2, -8])).toBe(0.5); // 0, 1/2, 4/8
  expect(largestRelativeDifference([2, 5], [2, 4])).toBe(0.25);
  expect(largestRelativeDifference([0, 0], [0, 0])).toBe(0);
  expect(largestRelativeDifference([1], [0])).toBe(Number.POSITIVE_INFINITY);
  expect(largestRelativeDifference([Number.NaN, 1], [1, 1])).toBeNaN();
  expect(largestRelativeDifference([1, 1], [1])).toBe(Number.POSITIVE_INFINITY);
  expect(largestRelativeDifference([], [])).toBe(0);
});
