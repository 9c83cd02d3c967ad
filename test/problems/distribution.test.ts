import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { distributionSchema, sampleMany } from "../../src/problems/distribution.js";

const count = 40_000;

// Quartiles in closed form: where the distribution function is 1/4, 1/2 and 3/4.
test.each([
  [{ distribution: "normal", mean: 3, standardDeviation: 2 }, [3 - 2 * 0.67449, 3, 3 + 2 * 0.67449]],
  [{ distribution: "lognormal", logMean: 1 }, [1 - 0.67449, 1, 1 + 0.67449].map(Math.exp)],
  [{ distribution: "uniform", low: -100, high: 100 }, [-50, 0, 50]],
  [{ distribution: "laplace", scale: 2 }, [-2 * Math.LN2, 0, 2 * Math.LN2]],
  [{ distribution: "cauchy", scale: 5 }, [-5, 0, 5]],
])("the quartiles of %j", (options, quartiles) => {
  const from = distributionSchema.parse(options);
  const draws = sampleMany(from, count, randomStream({ seed: 5, name: "draws" }));
  quartiles.forEach((quartile, i) => {
    const probability = (i + 1) / 4;
    const share = draws.filter((draw) => draw <= quartile).length / count;
    // The share's standard deviation
    const deviation = Math.sqrt((probability * (1 - probability)) / count);
    expect(Math.abs(share - probability)).toBeLessThan(4 * deviation);
  });
});

test("an empty range and an unknown distribution are refused", () => {
  const empty = distributionSchema.safeParse({ distribution: "uniform", low: 1, high: 1 });
  expect(empty.error?.issues[0]?.message).toBe("high must be greater than low");
  const unknown = distributionSchema.safeParse({ distribution: "gaussian" });
  expect(unknown.error?.issues[0]?.message).toMatch(/normal \| lognormal \| uniform/);
});
