import fc from "fast-check";
import { expect, test } from "vitest";
import { bestOfDraws, bestSoFar } from "../../src/comparison/best-of-draws.js";
import type { Objective } from "../../src/comparison/objective.js";

const { POSITIVE_INFINITY: infinity } = Number;
const least: Objective = { column: "gap", statistic: "final", direction: "minimize", per: [] };
const most: Objective = { column: "val_accuracy", statistic: "final", direction: "maximize", per: [] };

/** Every choice of n of the values. */
function choices(values: readonly number[], n: number): number[][] {
  if (n === 0) return [[]];
  return values.flatMap((value, i) => choices(values.slice(i + 1), n - 1).map((rest) => [value, ...rest]));
}

test.each<[values: number[], n: number, mean: number, median: number, quartiles: [number, number]]>([
  // One of four: the mean 16/4 = 4, the middle of 2 and 4, the middles of 1 and 2 and of 4 and 9
  [[4, 1, 9, 2], 1, 4, 3, [1.5, 6.5]],
  // Of the 6 pairs 3 have 1, 2 have 2 and 1 has 4: (3·1 + 2·2 + 4)/6 = 11/6; 1 with probability 1/2, 1 or 2 with 5/6
  [[4, 1, 9, 2], 2, 11 / 6, 1.5, [1, 2]],
  // Of the 4 triples 3 have 1, the other 2: 5/4; 1 with probability 3/4
  [[4, 1, 9, 2], 3, 5 / 4, 1, [1, 1.5]],
  [[4, 1, 9, 2], 4, 1, 1, [1, 1]],
  // Ties: of the 3 pairs of 1, 1, 5 all have a 1.
  [[1, 5, 1], 2, 1, 1, [1, 1]],
  [[1, 5, 1], 1, 7 / 3, 1, [1, 5]],
  [[3], 1, 3, 3, [3, 3]],
  // Two that diverged: one draw of four is one of them with probability 1/2, two are with 1/6, three never.
  [[infinity, 1, infinity, 2], 1, infinity, infinity, [1.5, infinity]],
  // Of the 6 pairs 3 have 1 and 2 have 2.
  [[infinity, 1, infinity, 2], 2, infinity, 1.5, [1, 2]],
  // Of the 4 triples 3 have 1, the other 2.
  [[infinity, 1, infinity, 2], 3, 5 / 4, 1, [1, 1.5]],
  [[infinity, infinity], 2, infinity, infinity, [infinity, infinity]],
])("the best of %j after %d draws", (values, n, mean, median, quartiles) => {
  const found = bestOfDraws(least, values, n);
  expect(found.mean).toBeCloseTo(mean, 14);
  expect([found.median, found.quartiles]).toEqual([median, quartiles]);
  // The same of numbers that are to be large
  const negative = bestOfDraws(
    most,
    values.map((value) => -value),
    n,
  );
  expect(negative.mean).toBeCloseTo(-mean, 14);
  expect([negative.median, negative.quartiles]).toEqual([-median, quartiles.map((value) => -value)]);
});

test("the expectation is the mean over all choices there are", () => {
  const value = fc.integer({ min: -20, max: 20 });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 8 }), fc.nat(), (values, some) => {
      const n = 1 + (some % values.length);
      const all = choices(values, n).map((chosen) => Math.min(...chosen));
      const mean = all.reduce((sum, best) => sum + best, 0) / all.length;
      expect(bestOfDraws(least, values, n).mean).toBeCloseTo(mean, 10);
    }),
  );
});

test("what was found in order is the best of the first, of the first two, and so on", () => {
  expect(bestSoFar(least, [infinity, 3, 5, 1, 1])).toEqual([infinity, 3, 3, 1, 1]);
  expect(bestSoFar(most, [-infinity, 3, 5, 1])).toEqual([-infinity, 3, 5, 5]);
});
