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

/** Bytes of what is to be multiplied, written before the workspace. */
const productBytes = 128;

/** Where addresses begin that one line of the cache holds no part of another with. */
export const lineBytes = 64;

export interface MatrixProductOptions {
  readonly exports: KernelExports;
  /** The memory that the exports compute in. */
  readonly memory: WebAssembly.Memory;
  /** Address of so many bytes of that memory, kept for good. */
  allocate(bytes: number): number;
  /** Tiles of 5 × 16 elements and not of 5 × 8: a matter of speed, not of numbers. */
  readonly hasWideTiles: boolean;
}

/** Multiplies matrices in one memory, with a workspace of a fixed size in it. */
export class MatrixProduct {
  private readonly workspace: number;
  private fields: Int32Array;

  constructor(private readonly options: MatrixProductOptions) {
    const address = options.allocate(lineBytes + productBytes + options.exports.workspaceBytes());
    this.workspace = Math.ceil(address / lineBytes) * lineBytes;
    this.fields = this.view();
  }

  /** What the same module does to images in this memory. */
  get images(): ImageKernels {
    return this.options.exports;
  }

  /** Each entry is one chain of additions in the order of the inner axes, rounded to float32 after each operation. */
  multiply({ a, b, c, bias = 0, relu = false, rows, inner, columns }: Product): void {
    const { exports, memory, hasWideTiles } = this.options;
    // Memory that has grown has another buffer.
    if (this.fields.buffer !== memory.buffer) this.fields = this.view();
    const fields = this.fields;
    fields[0] = a;
    fields[1] = b;
    fields[2] = c;
    fields[3] = bias;
    fields[4] = Number(relu);
    fields[5] = columns.length;
    fields[6] = columns.b;
    writeAxes(fields, 7, rows, ["a", "c"]);
    writeAxes(fields, 16, inner, ["a", "b"]);
    exports.multiply(this.workspace, this.workspace + productBytes, Number(hasWideTiles));
  }

  private view(): Int32Array {
    return new Int32Array(this.options.memory.buffer, this.workspace, productBytes / 4);
  }
}
