import type { Fit, Matrix, PointwiseLossName } from "./algebra.js";
import { vectorOf } from "./host-vectors.js";
import { kernelMemory } from "./kernel-module.js";
import { lineBytes } from "./matrix-product.js";

/** What the compiled module has for one float64 matrix: addresses, in bytes. */
interface Exports {
  multiplyVector(rows: number, columns: number, a: number, x: number, result: number, scratch: number): void;
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
    losses: number,
    totals: number,
    result: number,
    scratch: number,
  ): void;
}

const pageBytes = 2 ** 16;

/** A product with a vector reads as many, whatever lies there. */
const fewestRows = 4;

/** Of a matrix so many bytes stay in the processor's own memory while its rows are read twice. */
const blockBytes = 2 ** 17;

/** The kernel's number of each loss, what multiplies the sum that it makes, and whether it counts what is classified correctly. */
const pointwiseLosses = {
  squared: { number: 0, factor: 0.5, isClassifier: false },
  absolute: { number: 1, factor: 1, isClassifier: false },
  logistic: { number: 2, factor: 1, isClassifier: true },
} as const;

/** Bytes that a product with a vector needs besides; see assembly/matrix-vector.ts. */
const scratchBytes = 160 + 8 * 33;

/** Consecutive vectors of float64 in a memory, each from the beginning of a line of the cache on. */
class Layout {
  bytes = 0;

  /** The address of one more. */
  place(length: number): number {
    const address = this.bytes;
    this.bytes += Math.ceil((8 * length) / lineBytes) * lineBytes;
    return address;
  }
}

/**
 * A constant matrix in a memory of its own, which goes when the matrix does; behind it lie operand, result and what a pass
 * needs besides.
 */
export class PlacedMatrix {
  private readonly rows: number;
  private readonly columns: number;
  private readonly exports: Exports;
  private readonly columnEnd: Float64Array;
  private readonly rowEnd: Float64Array;
  private readonly sumEnd: Float64Array;
  private readonly totals: Float64Array;
  private readonly rowsPerBlock: number;
  private readonly predictions: number;
  private readonly losses: number;
  private readonly scratch: number;

  constructor(module: WebAssembly.Module, { rows, columns, entries }: Matrix<Float64Array>) {
    this.rows = rows;
    this.columns = columns;
    this.rowsPerBlock = Math.min(rows, 4 * Math.ceil(blockBytes / (32 * columns)));
    const layout = new Layout();
    layout.place(Math.max(rows, fewestRows) * columns);
    this.scratch = layout.place(scratchBytes / 8);
    // Losses are taken four at a time, the last ones too.
    const [predictions, losses] = [layout.place(this.rowsPerBlock + 3), layout.place(this.rowsPerBlock + 3)];
    this.predictions = predictions;
    this.losses = losses;
    const [columnEnd, sumEnd, totals, rowEnd] = [columns, columns, 2, rows + 3].map((length) => layout.place(length));
    const memory = kernelMemory(Math.ceil(layout.bytes / pageBytes));
    this.exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    new Float64Array(memory.buffer).set(entries);
    this.columnEnd = new Float64Array(memory.buffer, columnEnd, columns);
    this.sumEnd = new Float64Array(memory.buffer, sumEnd, columns);
    this.totals = new Float64Array(memory.buffer, totals, 2);
    this.rowEnd = new Float64Array(memory.buffer, rowEnd, rows);
  }

  /** Whether it is this matrix: its entries may be those of one of another shape too. */
  isOf({ rows, columns }: Matrix<Float64Array>): boolean {
    return rows === this.rows && columns === this.columns;
  }

  multiply(x: Float64Array): Float64Array {
    const { rows, columns, columnEnd, rowEnd, scratch, exports } = this;
    columnEnd.set(x);
    exports.multiplyVector(rows, columns, 0, columnEnd.byteOffset, rowEnd.byteOffset, scratch);
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
    const { rows, columns, rowsPerBlock, columnEnd, rowEnd, sumEnd, totals, exports } = this;
    const { number, factor, isClassifier } = pointwiseLosses[loss];
    columnEnd.set(x);
    rowEnd.set(targets);
    sumEnd.fill(0);
    totals.fill(0);
    const [w, y, result, sums] = [columnEnd, rowEnd, sumEnd, totals].map(({ byteOffset }) => byteOffset) as Four;
    const { predictions, losses, scratch } = this;
    exports.fit(number, rows, columns, rowsPerBlock, 0, w, y, predictions, losses, sums, result, scratch);
    const sumOfSlopes = vectorOf(columns);
    sumOfSlopes.set(sumEnd);
    const [sumOfLosses, correct] = totals;
    return {
      loss: factor * (sumOfLosses! / rows),
      ...(isClassifier && { accuracy: correct! / rows }),
      sumOfSlopes,
    };
  }
}
type Four = [number, number, number, number];
