import { Matrix, solve } from "ml-matrix";
import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { leastAbsoluteDeviations } from "../../src/problems/least-absolute-deviations.js";
import type { Examples } from "../../src/problems/linear-model.js";

function randomExamples(rows: number, columns: number, seed: number): Examples {
  const stream = randomStream({ seed, name: "examples" });
  const entries = Float64Array.from({ length: rows * columns }, () => stream.normal());
  const targets = Float64Array.from({ length: rows }, () => Math.tan(3 * (stream.uniform() - 0.5)));
  return { features: { rows, columns, entries }, targets };
}

function total({ features, targets }: Examples, w: Float64Array): number {
  return float64.norm(float64.subtract(float64.multiplyMatrix(features, w), targets), 1);
}

/** The best of all points that fit three rows exactly: one of them is a minimiser. */
function smallestByEnumeration(examples: Examples): number {
  const { rows, columns, entries } = examples.features;
  const row = (i: number) => Array.from(entries.subarray(i * columns, (i + 1) * columns));
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rows; i++) {
    for (let j = i + 1; j < rows; j++) {
      for (let k = j + 1; k < rows; k++) {
        const fitted = [i, j, k];
        const targets = fitted.map((index) => examples.targets[index]!);
        const w = solve(new Matrix(fitted.map(row)), Matrix.columnVector(targets));
        smallest = Math.min(smallest, total(examples, Float64Array.from(w.to1DArray())));
      }
    }
  }
  return smallest;
}

test("the minimum is that of the enumeration of all vertices", () => {
  for (let seed = 0; seed < 20; seed++) {
    const examples = randomExamples(12, 3, seed);
    const { optimum, multiplier } = leastAbsoluteDeviations(examples)!;
    expect(multiplier).toBeLessThanOrEqual(1 + 1e-12);
    expect(total(examples, optimum)).toBeCloseTo(smallestByEnumeration(examples), 12);
  }
});

test("one feature of ones gives the median", () => {
  const features = { rows: 5, columns: 1, entries: new Float64Array(5).fill(1) };
  const solution = leastAbsoluteDeviations({ features, targets: Float64Array.of(7, 1, 100, 3, 5) })!;
  expect(solution.optimum).toEqual(Float64Array.of(5));
});

test("a thousand examples are solved too, and dependent columns are declined", () => {
  expect(leastAbsoluteDeviations(randomExamples(1000, 10, 1))!.multiplier).toBeLessThanOrEqual(1 + 1e-12);
  const features = { rows: 3, columns: 2, entries: Float64Array.of(1, 2, 2, 4, 3, 6) };
  expect(leastAbsoluteDeviations({ features, targets: Float64Array.of(1, 5, 2) })).toBeUndefined();
});
