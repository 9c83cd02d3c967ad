/** What the module of WebAssembly gives; see assembly/matrix-product.ts. */
export interface KernelExports {
  workspaceBytes(): number;
  multiply(product: number, workspace: number, hasWideTiles: number): void;
}

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

/** The same entries in the same order as exactly three axes: those that run on into one another are one. */
function threeAxes<Name extends string>(axes: readonly Axis<Name>[], names: readonly Name[]): number[] {
  const merged: Axis<Name>[] = [];
  for (const axis of axes) {
    if (axis.length === 1) continue;
    const outer = merged.at(-1);
    if (outer && names.every((name) => outer[name] === axis[name] * axis.length)) {
      merged[merged.length - 1] = { ...axis, length: outer.length * axis.length };
    } else {
      merged.push(axis);
    }
  }
  const missing = 3 - merged.length;
  const three = (name: "length" | Name, absent: number) => [
    ...Array<number>(missing).fill(absent),
    ...merged.map((axis) => axis[name]),
  ];
  return [...three("length", 1), ...names.flatMap((name) => three(name, 0))];
}

/** Bytes of what is to be multiplied, written before the workspace. */
const productBytes = 128;

export interface MatrixProductOptions {
  readonly exports: KernelExports;
  /** The memory that the exports compute in. */
  readonly memory: WebAssembly.Memory;
  /** Address of so many bytes of that memory, kept for good. */
  allocate(bytes: number): number;
  /** Tiles of 16 columns and not of 8: a matter of speed, not of numbers. */
  readonly hasWideTiles: boolean;
}

/** Multiplies matrices in one memory, with a workspace of a fixed size in it. */
export class MatrixProduct {
  private readonly workspace: number;

  constructor(private readonly options: MatrixProductOptions) {
    this.workspace = options.allocate(productBytes + options.exports.workspaceBytes());
  }

  /** Each entry is one chain of additions in the order of the inner axes, rounded to float32 after each operation. */
  multiply({ a, b, c, bias = 0, relu = false, rows, inner, columns }: Product): void {
    const { exports, memory, hasWideTiles } = this.options;
    // A view made anew: memory that has grown has another buffer.
    new Int32Array(memory.buffer, this.workspace, productBytes / 4).set([
      a,
      b,
      c,
      bias,
      Number(relu),
      columns.length,
      columns.b,
      ...threeAxes(rows, ["a", "c"]),
      ...threeAxes(inner, ["a", "b"]),
    ]);
    exports.multiply(this.workspace, this.workspace + productBytes, Number(hasWideTiles));
  }
}
