import { compileString } from "assemblyscript/asc";
import { expect, it } from "vitest";
import { compile, readModule } from "../../src/compute/kernel-module.js";
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
  const { binary, stderr } = await compileString(spoilt, { runtime: "stub", importMemory: true });
  expect(stderr.toString()).toBe("");
  expect(isSameOptimized(compile(Buffer.from(binary!), "spoilt"))).toBe(false);
});
