import { compileString } from "assemblyscript/asc";
import { expect, it } from "vitest";
import { compile, readModule } from "../../src/compute/kernel-module.js";
import { PlacedMatrix } from "../../src/compute/placed-matrix.js";
import { isSameOptimized } from "../../src/compute/placed-matrix-trial.js";

/** Functions of the kernels' names, the first of which changes its mind at its thirtieth call, as if it had been spoilt. */
const spoilt = `
  let calls = 0;
  export function multiplyVector(rows: i32, columns: i32, a: i32, x: i32, result: i32, scratch: i32): void {
    store<f64>(result, ++calls < 30 ? 1 : 2);
  }
  export function addVectorTransposed(rows: i32, columns: i32, a: i32, y: i32, result: i32): void {}
  export function fit(
    loss: i32, rows: i32, columns: i32, rowsAtOnce: i32, a: i32, x: i32, targets: i32, predictions: i32, losses: i32,
    totals: i32, result: i32, scratch: i32,
  ): void {}
`;

it("trusts the kernels, and notices one that computes something else once it was called often", async () => {
  expect(isSameOptimized(compile(readModule(), "trusted"))).toBe(true);
  const { binary, stderr } = await compileString(spoilt, {
    runtime: "stub",
    importMemory: true,
    enable: ["threads"],
    sharedMemory: true,
    maximumMemory: 65536,
  } as Parameters<typeof compileString>[1]);
  expect(stderr.toString()).toBe("");
  expect(isSameOptimized(compile(Buffer.from(binary!), "spoilt"))).toBe(false);
});

it.each([
  [1, 5000],
  [2, 2100],
  [3, 1400],
  [4, 1100],
  [5, 900],
  [7, 601],
  [13, 400],
  [1030, 4],
  [4099, 1],
])("multiplies a matrix of %i × %i, which it does not read beyond its memory", (rows, columns) => {
  const madeUp = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i + 1));
  const [entries, x, y] = [madeUp(rows * columns), madeUp(columns), madeUp(rows)];
  const matrix = new PlacedMatrix(compile(readModule(), `${rows} × ${columns}`), { rows, columns, entries });
  const row = (i: number) => entries.subarray(i * columns, (i + 1) * columns);
  const product = Array.from(y, (_, i) => row(i).reduce((sum, entry, j) => sum + entry * x[j]!, 0));
  const transposed = Array.from(x, (_, j) => y.reduce((sum, factor, i) => sum + factor * row(i)[j]!, 0));
  // Each of two sums of n terms of at most 1 may be off by n roundings of a sum of at most n.
  const tolerance = Math.max(rows, columns) ** 2 * Number.EPSILON;
  const isClose = (found: Float64Array, expected: readonly number[]) =>
    found.every((value, i) => Math.abs(value - expected[i]!) <= tolerance);
  expect(isClose(matrix.multiply(x), product)).toBe(true);
  expect(isClose(matrix.multiplyTransposed(y), transposed)).toBe(true);
  const labels = y.map(Math.sign);
  const { loss, accuracy, sumOfSlopes } = matrix.fit("logistic", x, labels);
  const margins = product.map((prediction, i) => labels[i]! * prediction);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / rows;
  expect(loss).toBeCloseTo(
    mean(margins.map((margin) => Math.max(-margin, 0) + Math.log1p(Math.exp(-Math.abs(margin))))),
    10,
  );
  expect(accuracy).toBe(mean(margins.map((margin) => Number(margin >= 0))));
  const slopes = margins.map((margin, i) => -labels[i]! / (1 + Math.exp(margin)));
  const expected = Array.from(x, (_, j) => slopes.reduce((sum, slope, i) => sum + slope * row(i)[j]!, 0));
  expect(isClose(sumOfSlopes, expected)).toBe(true);
});
