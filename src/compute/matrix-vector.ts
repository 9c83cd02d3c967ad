import type { Matrix } from "./algebra.js";
import { vectorOf } from "./host-vectors.js";
import { readModule } from "./matrix-kernel.js";

/** What the compiled module has for one float64 matrix: addresses, in bytes. */
interface Exports {
  multiplyVector(rows: number, columns: number, a: number, x: number, result: number): void;
  multiplyVectorTransposed(rows: number, columns: number, a: number, y: number, result: number): void;
}

/** From this many entries on a constant matrix is worth a copy where WebAssembly can read it. */
const manyEntries = 2 ** 12;

/** 1 GiB: what is larger is left where it is. */
const mostEntries = 2 ** 27;

const pageBytes = 2 ** 16;

/** A constant matrix in a memory of its own, which goes when the matrix does; behind it lie operand and result. */
class PlacedMatrix {
  private readonly rows: number;
  private readonly columns: number;
  private readonly exports: Exports;
  private readonly columnEnd: Float64Array;
  private readonly rowEnd: Float64Array;

  constructor(module: WebAssembly.Module, { rows, columns, entries }: Matrix<Float64Array>) {
    this.rows = rows;
    this.columns = columns;
    const bytes = 8 * (entries.length + rows + columns);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    this.exports = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Exports;
    new Float64Array(memory.buffer).set(entries);
    this.columnEnd = new Float64Array(memory.buffer, 8 * entries.length, columns);
    this.rowEnd = new Float64Array(memory.buffer, 8 * (entries.length + columns), rows);
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
    exports.multiplyVectorTransposed(rows, columns, 0, rowEnd.byteOffset, columnEnd.byteOffset);
    const result = vectorOf(columnEnd.length);
    result.set(columnEnd);
    return result;
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
