import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pairedDifference } from "../../src/comparison/pairs.js";
import { centralProbability, centralQuantile } from "../../src/comparison/student.js";
import { byAccuracy, byGap, overRates, type Score } from "./fixture.js";

describe("Student's t", () => {
  // Two-sided quantiles of a table, and of scipy.stats.t.ppf.
  test.each([
    [0.95, 1, 12.706204736174694],
    [0.95, 2, 4.302652729749462],
    [0.95, 4, 2.7764451051977934],
    [0.95, 9, 2.262157162798205],
    [0.95, 29, 2.045229642132703],
    [0.99, 5, 4.032142983555227],
    [0.5, 1, 1],
  ])("is below its quantile with probability %f, of %i degrees of freedom", (probability, degrees, t) =>
    expect(centralQuantile(probability, degrees)).toBeCloseTo(t, 12),
  );

  test("has probabilities of its quantiles that are the ones asked for", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.999, noNaN: true }), fc.integer({ min: 1, max: 200 }), (p, degrees) => {
        expect(centralProbability(centralQuantile(p, degrees), degrees)).toBeCloseTo(p, 10);
      }),
    );
  });
});

describe("a difference over seeds", () => {
  const between = (objective: typeof byGap, one: readonly Score[], other: readonly Score[]) =>
    pairedDifference(
      overRates(objective, "lars", [[0.1, ...one]])[0]!,
      overRates(objective, "sgd", [[0.1, ...other]])[0]!,
      objective,
    );

  test("is taken seed by seed, with Student's interval", () => {
    // Differences −2, −1, −3: mean −2, standard error √(1/3), quantile of two degrees of freedom 4.3027.
    const reach = 4.302652729749462 / Math.sqrt(3);
    const { interval, ...rest } = between(byGap, [1, 5, 7], [3, 6, 10]);
    expect(rest).toEqual({ seeds: 3, lost: 0, mean: -2, verdict: "not told apart" });
    expect(interval!.low).toBeCloseTo(-2 - reach, 12);
    expect(interval!.high).toBeCloseTo(-2 + reach, 12);
  });

  test("is better or worse in the direction of the objective where the interval leaves 0 out", () => {
    const small = [0.11, 0.52, 0.73];
    const large = [0.31, 0.71, 0.94];
    expect(between(byGap, small, large).verdict).toBe("better");
    expect(between(byGap, large, small).verdict).toBe("worse");
    expect(between(byAccuracy, small, large).verdict).toBe("worse");
    expect(between(byGap, small, small)).toMatchObject({ mean: 0, verdict: "not told apart" });
  });

  test("of one seed has no interval", () => {
    const one = between(byGap, [1], [2, 3]);
    expect(one).toEqual({ seeds: 1, lost: 0, mean: -1, verdict: "not told apart" });
  });

  test("that is the same with every seed has none either: these are no repetitions", () => {
    expect(between(byGap, [0.25, 0.5, 1], [0.5, 0.75, 1.25])).toEqual({
      ...{ seeds: 3, lost: 0, mean: -0.25, verdict: "not told apart" },
    });
  });

  test("leaves seeds out that came to nothing, says how many, and then tells nothing apart", () => {
    const lost = between(byGap, [1, 1, 1, 1.1], [2, "diverged", 2, 2]);
    expect(lost).toMatchObject({ seeds: 3, lost: 1, verdict: "not told apart" });
    expect(between(byGap, ["diverged"], [2])).toEqual({
      ...{ seeds: 0, lost: 1, mean: Number.NaN, verdict: "not told apart" },
    });
  });
});
