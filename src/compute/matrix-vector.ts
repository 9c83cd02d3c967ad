import type { Fit, Matrix, PointwiseLossName } from "./algebra.js";
import { vectorOf } from "./host-vectors.js";
import { readModule } from "./matrix-kernel.js";

/** What the compiled module has for one float64 matrix: addresses, in bytes. */
interface Exports {
  multiplyVector(rows: number, columns: number, a: number, x: number, result: number): void;
  addVectorTransposed(rows: number, columns: number, a: number, y: number, result: number): void;
  fit(
    loss: number,
    rows: number,
    columns: number,
    rowsAtOnce: number,
    a: number,
    x: number,
    targets: number,
    predictions: number,
    sums: number,
    result: number,
  ): void;
}

/** From this many entries on a constant matrix is worth a copy where WebAssembly can read it. */
const manyEntries = 2 ** 12;

/** 1 GiB: what is larger is left where it is. */
const mostEntries = 2 ** 27;

const pageBytes = 2 ** 16;

/** Of a matrix so many bytes stay in the processor's own memory while its rows are read twice. */
const blockBytes = 2 ** 17;

/** The kernel's number of each loss, what multiplies the sum that it makes, and whether it counts what is classified correctly. */
const pointwiseLosses = {
  squared: { number: 0, factor: 0.5, isClassifier: false },
  absolute: { number: 1, factor: 1, isClassifier: false },
  logistic: { number: 2, factor: 1, isClassifier: true },
} as const;

/**
 * A constant matrix in a memory of its own, which goes when the matrix does; behind it lie operand, result and what a pass
 * needs besides.
 */
class PlacedMatrix {
  private readonly rows: number;
  private readonly columns: number;
  private readonly exports: Exports;
  private readonly columnEnd: Float64Array;
  private readonly rowEnd: Float64Array;
  private readonly sumEnd: Float64Array;
  private readonly scratch: Float64Array;
  private readonly rowsPerBlock: number;

  constructor(module: WebAssembly.Module, { rows, columns, entries }: Matrix<Float64Array>) {
    this.rows = rows;
    this.columns = columns;
    this.rowsPerBlock = Math.min(rows, 4 * Math.ceil(blockBytes / (32 * columns)));
    const bytes = 8 * (entries.length + rows + 2 * columns + this.rowsPerBlock + 2);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    this.exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    new Float64Array(memory.buffer).set(entries);
    this.columnEnd = new Float64Array(memory.buffer, 8 * entries.length, columns);
    this.rowEnd = new Float64Array(memory.buffer, 8 * (entries.length + columns), rows);
    this.sumEnd = new Float64Array(memory.buffer, 8 * (entries.length + columns + rows), columns);
    // Predictions of a block, before them the sums of the losses.
    this.scratch = new Float64Array(memory.buffer, this.sumEnd.byteOffset + 8 * columns, this.rowsPerBlock + 2);
  }

  /** Whether it is this matrix: its entries may be those of one of another shape too. */
  isOf({ rows, columns }: Matrix<Float64Array>): boolean {
    return rows === this.rows && columns === this.columns;
  }

  multiply(x: Float64Array): Float64Array {
    const { rows, columns, columnEnd, rowEnd, exports } = this;
    columnEnd.set(x);
    exports.multiplyVector(rows, columns, 0, columnEnd.byteOffset, rowEnd.byteOffset);
    const result = vectorOf(rowEnd.length);
    result.set(rowEnd);
    return result;
  }

  multiplyTransposed(y: Float64Array): Float64Array {
    const { rows, columns, columnEnd, rowEnd, exports } = this;
    rowEnd.set(y);
    columnEnd.fill(0);
    exports.addVectorTransposed(rows, columns, 0, rowEnd.byteOffset, columnEnd.byteOffset);
    const result = vectorOf(columnEnd.length);
    result.set(columnEnd);
    return result;
  }

  /** Each row is still at hand when its slope is known. */
  fit(loss: PointwiseLossName, x: Float64Array, targets: Float64Array): Fit<Float64Array, number> {
    const { rows, columns, rowsPerBlock, columnEnd, rowEnd, sumEnd, scratch, exports } = this;
    const { number, factor, isClassifier } = pointwiseLosses[loss];
    const [sums, predictions] = [scratch.byteOffset, scratch.byteOffset + 16];
    columnEnd.set(x);
    rowEnd.set(targets);
    sumEnd.fill(0);
    scratch.fill(0, 0, 2);
    const [w, y, result] = [columnEnd.byteOffset, rowEnd.byteOffset, sumEnd.byteOffset];
    exports.fit(number, rows, columns, rowsPerBlock, 0, w, y, predictions, sums, result);
    const sumOfSlopes = vectorOf(columns);
    sumOfSlopes.set(sumEnd);
    const [losses, correct] = scratch;
    return {
      loss: factor * (losses! / rows),
      ...(isClassifier && { accuracy: correct! / rows }),
      sumOfSlopes,
    };
  }
}

let compiled: WebAssembly.Module | undefined;

/** Undefined where this machine has no SIMD or no more memory: the numbers are the same without. */
function place(matrix: Matrix<Float64Array>): PlacedMatrix | undefined {
  try {
    compiled ??= new WebAssembly.Module(new Uint8Array(readModule()));
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
