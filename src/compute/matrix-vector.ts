import type { Matrix } from "./algebra.js";
import { compile, isModeWanted, readModule, switchMode } from "./kernel-module.js";
import { PlacedMatrix } from "./placed-matrix.js";
import { isSameOptimized } from "./placed-matrix-trial.js";

/** From this many entries on a constant matrix is worth a copy where WebAssembly can read it. */
const manyEntries = 2 ** 12;

/** 1 GiB: what is larger is left where it is. */
const mostEntries = 2 ** 27;

/** With V8's mode of 256 bits where its code computes the same. */
function compileForVectors(): WebAssembly.Module {
  const bytes = readModule();
  if (!isModeWanted()) return compile(bytes, "vectors");
  switchMode(true);
  const module = compile(bytes, "vectors, tried");
  if (isSameOptimized(module)) return module;
  switchMode(false);
  return compile(bytes, "vectors");
}

let compiled: WebAssembly.Module | undefined;

/** Undefined where this machine has no SIMD or no more memory: the numbers are the same without. */
function place(matrix: Matrix<Float64Array>): PlacedMatrix | undefined {
  try {
    compiled ??= compileForVectors();
    return new PlacedMatrix(compiled, matrix);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The entries of constant matrices; undefined until one is multiplied, null where it cannot be placed. */
const placed = new WeakMap<Float64Array, PlacedMatrix | null>();
const constants = new WeakSet<Float64Array>();

/** Promises that these entries never change. */
export function holdConstant(entries: Float64Array): void {
  if (entries.length >= manyEntries && entries.length <= mostEntries) constants.add(entries);
}

/** The copy of a matrix that WebAssembly can read, if there is to be one. */
export function placedMatrix(matrix: Matrix<Float64Array>): PlacedMatrix | undefined {
  const { entries, rows, columns } = matrix;
  if (entries.length < manyEntries || !constants.has(entries) || rows * columns !== entries.length) return undefined;
  let found = placed.get(entries);
  if (found === undefined) {
    found = place(matrix) ?? null;
    placed.set(entries, found);
  }
  return found?.isOf(matrix) ? found : undefined;
}
