import { type Helper, Helpers, nobody } from "./product-helpers.js";
import { type HelperTask, signalBytes } from "./product-signal.js";

/** What the module of WebAssembly gives; see assembly/kernels.ts. Addresses are in bytes. */
export interface KernelExports extends ImageKernels {
  dot(x: number, y: number, length: number): number;
  intensities(bytes: number, result: number, length: number): void;
  sum(x: number, length: number): number;
  sumOfSquares(x: number, length: number): number;
  sumOfMagnitudes(x: number, length: number): number;
  largestMagnitude(x: number, length: number): number;
  columnSums(x: number, result: number, rows: number, columns: number): void;
  crossEntropy(logits: number, labels: number, rows: number, classes: number, losses: number, gradient: number): void;
  reluGradient(dy: number, x: number, dx: number, length: number): void;
  evaluate(instructions: number, count: number, length: number, block: number): void;
  hyperbolicTangent(x: number, result: number, length: number): void;
  workspaceBytes(): number;
  multiply(product: number, workspace: number, hasWideTiles: number): void;
  tile5x16: Tile;
  tile5x8: Tile;
  gathered5x16: GatheredTile;
  gathered5x8: GatheredTile;
}

/** What the module does to images besides; see assembly/images.ts. Addresses are in bytes. */
export interface ImageKernels {
  pad(
    from: number,
    to: number,
    images: number,
    height: number,
    rowBytes: number,
    top: number,
    bottom: number,
    leftBytes: number,
    rightBytes: number,
  ): void;
  addPatches(
    patches: number,
    to: number,
    images: number,
    height: number,
    width: number,
    channels: number,
    placesDown: number,
    placesAcross: number,
    patchHeight: number,
    patchWidth: number,
    strideDown: number,
    strideAcross: number,
    top: number,
    left: number,
  ): void;
  addToLargest(
    x: number,
    largest: number,
    gradient: number,
    to: number,
    rows: number,
    columns: number,
    channels: number,
    rowBytes: number,
  ): void;
}

/** Numbers of WebAssembly's own types, named where they are defined; see assembly/tile.ts. */
type Tile = (
  a: number,
  b: number,
  steps: number,
  starts: number,
  sums: number,
  column: number,
  rectified: number,
) => void;
type GatheredTile = (aRows: number, ...rest: Parameters<Tile>) => void;

/** Entries along one axis, and the distances between them in both matrices that have the axis, in floats. */
export type RowAxis = Readonly<Record<"length" | "a" | "c", number>>;
export type InnerAxis = Readonly<Record<"length" | "a" | "b", number>>;

/**
 * C = start + A·B. Each side of the matrices is up to three nested axes of any stride, so that transposed matrices, and
 * the patches of an image that a filter passes over, are multiplied where they lie. Addresses are in bytes.
 */
export interface Product {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** What is summed over, the last axis fastest. */
  readonly inner: readonly InnerAxis[];
  readonly rows: readonly RowAxis[];
  /** The columns of C lie beside each other. */
  readonly columns: Readonly<Record<"length" | "b", number>>;
  /** Address of a row to begin every sum with; without it they begin with zero. */
  readonly bias?: number | undefined;
  /** Whether max(0, C) is asked for. */
  readonly relu?: boolean;
}

type Axis<Name extends string> = Readonly<Record<"length" | Name, number>>;

/**
 * Writes the same entries in the same order as exactly three axes, lengths and both strides: those that run on into one
 * another become one, from the innermost on, and those that are missing have one entry.
 */
function writeAxes<Name extends string>(
  target: Int32Array,
  at: number,
  axes: readonly Axis<Name>[],
  [first, second]: readonly [Name, Name],
): void {
  target.fill(1, at, at + 3);
  target.fill(0, at + 3, at + 9);
  let place = at + 3;
  for (let i = axes.length - 1; i >= 0; i--) {
    const axis = axes[i]!;
    if (axis.length === 1) continue;
    const length = target[place]!;
    const runsOn = axis[first] === length * target[place + 3]! && axis[second] === length * target[place + 6]!;
    if (place < at + 3 && runsOn) {
      target[place] = length * axis.length;
    } else {
      place--;
      target[place] = axis.length;
      target[place + 3] = axis[first];
      target[place + 6] = axis[second];
    }
  }
}

/** Bytes of what is to be multiplied, written before a workspace. */
const productBytes = 128;

/** Where addresses begin that one line of the cache holds no part of another with. */
export const lineBytes = 64;

/**
 * Multiplications that are worth another thread, some half a millisecond: to wake one takes up to a fifth of that, and one
 * that shares a core takes from this thread what it gives.
 */
const worthAThread = 2 ** 24;

/** Shares of C are whole tiles, however wide: each but the last of so many rows, or columns, or a multiple. */
const shareRows = 5;
const shareColumns = 16;

export interface MatrixProductOptions {
  readonly exports: KernelExports;
  /** The memory that the exports compute in. */
  readonly memory: WebAssembly.Memory;
  /** Address of so many bytes of that memory, kept for good. */
  allocate(bytes: number): number;
  /** Tiles of 5 × 16 elements and not of 5 × 8: a matter of speed, not of numbers. */
  readonly hasWideTiles: boolean;
  /** Threads that multiply, this one included, and the module of the exports for the others; without it this one alone. */
  readonly threads?: { readonly count: number; readonly module: WebAssembly.Module };
}

/** A part of C: rows and columns from the first of them to before the end. */
interface Share {
  readonly rows: readonly [first: number, end: number];
  readonly columns: readonly [first: number, end: number];
}

const lengthOf = (axes: readonly { readonly length: number }[]) => axes.reduce((size, { length }) => size * length, 1);

/** The longer side of C, which is cut: whoever makes a share packs all of the matrix along the other side. */
const cutSide = (rows: number, columns: number) =>
  rows > columns
    ? { isByRows: true, length: rows, unit: shareRows }
    : { isByRows: false, length: columns, unit: shareColumns };

/** The i-th of so many shares of C. */
function shareOf(rows: number, columns: number, i: number, count: number): Share {
  const { isByRows, length, unit } = cutSide(rows, columns);
  const boundary = (i: number) => Math.min(length, Math.ceil((i * length) / count / unit) * unit);
  const share = [boundary(i), boundary(i + 1)] as const;
  return isByRows ? { rows: share, columns: [0, columns] } : { rows: [0, rows], columns: share };
}

function write(fields: Int32Array, product: Product, { rows, columns }: Share): void {
  const { a, b, c, bias, relu = false } = product;
  const first = 4 * columns[0];
  fields[0] = a;
  fields[1] = b + first * product.columns.b;
  fields[2] = c + first;
  fields[3] = bias ? bias + first : 0;
  fields[4] = Number(relu);
  fields[5] = columns[1] - columns[0];
  fields[6] = product.columns.b;
  writeAxes(fields, 7, product.rows, ["a", "c"]);
  writeAxes(fields, 16, product.inner, ["a", "b"]);
  fields[25] = rows[0];
  fields[26] = rows[1];
}

/**
 * Multiplies matrices in one memory, with a workspace of a fixed size in it for each thread. What is large is shared among
 * threads; each entry is made by one of them, the same way.
 */
export class MatrixProduct {
  private readonly workspace: number;
  private readonly fields: Int32Array;
  private readonly helpers: Helpers | undefined;

  constructor(private readonly options: MatrixProductOptions) {
    const { memory, threads } = options;
    this.workspace = this.allocate(productBytes + options.exports.workspaceBytes());
    this.fields = new Int32Array(memory.buffer, this.workspace, productBytes / 4);
    if (threads && threads.count > 1)
      this.helpers = new Helpers(threads.count - 1, () => this.helperTask(threads.module));
  }

  /** What the same module does to images in this memory. */
  get images(): ImageKernels {
    return this.options.exports;
  }

  /** Each entry is one chain of additions in the order of the inner axes, rounded to float32 as the exports do. */
  multiply(product: Product): void {
    const [rows, columns] = [lengthOf(product.rows), product.columns.length];
    const helping = this.helpersFor(rows, columns, lengthOf(product.inner));
    const count = helping.length + 1;
    for (let i = 1; i < count; i++) {
      const helper = helping[i - 1]!;
      write(helper.fields, product, shareOf(rows, columns, i, count));
      helper.ask();
    }
    write(this.fields, product, shareOf(rows, columns, 0, count));
    this.makeShare(this.workspace);
    const working: Helper[] = [];
    for (const helper of helping) {
      if (helper.takeBack()) this.makeShare(helper.product);
      else working.push(helper);
    }
    for (const helper of working) helper.wait();
  }

  /** Those that are at hand, as many as are worth it. */
  private helpersFor(rows: number, columns: number, inner: number): readonly Helper[] {
    const worth = Math.floor((rows * columns * inner) / worthAThread);
    if (worth < 2 || !this.helpers) return nobody;
    const { length, unit } = cutSide(rows, columns);
    return this.helpers.idle(Math.min(worth, Math.ceil(length / unit)) - 1);
  }

  /** @param product address of what was written */
  private makeShare(product: number): void {
    const { exports, hasWideTiles } = this.options;
    exports.multiply(product, this.workspace + productBytes, Number(hasWideTiles));
  }

  private allocate(bytes: number): number {
    return Math.ceil(this.options.allocate(lineBytes + bytes) / lineBytes) * lineBytes;
  }

  private helperTask(module: WebAssembly.Module): HelperTask {
    const { memory, hasWideTiles, exports } = this.options;
    const signals = this.allocate(signalBytes + productBytes + exports.workspaceBytes());
    const product = signals + signalBytes;
    const workspace = product + productBytes;
    return { module, memory, signals, product, workspace, hasWideTiles: Number(hasWideTiles) };
  }
}
