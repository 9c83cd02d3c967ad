import { Unavailable } from "./activation.js";
import { compile, isModeWanted, readModule, switchMode } from "./kernel-module.js";
import type { KernelExports } from "./matrix-product.js";
import { type Addition, fasterTiles, isExact } from "./matrix-trial.js";

/** How matrix products are rounded: each product before it is added, or once with the sum that it is added to. */
export type Rounding = "separate" | "fused";

interface Arithmetic {
  readonly file: "kernels.wasm" | "fused-kernels.wasm";
  /** What one step adds to a sum. */
  readonly plus: Addition;
  /** What is to be done where WebAssembly cannot do it. */
  readonly mend: string;
}

/** The same sources, compiled without relaxed SIMD and with it; see assembly/multiply-add.ts. */
const arithmetics: Readonly<Record<Rounding, Arithmetic>> = {
  separate: {
    file: "kernels.wasm",
    plus: (sum, x, y) => Math.fround(sum + Math.fround(x * y)),
    mend: "this machine's WebAssembly has no SIMD; use backend cpu",
  },
  fused: {
    file: "fused-kernels.wasm",
    // Of the numbers in the trial, neither the product nor the sum is rounded in double precision.
    plus: (sum, x, y) => Math.fround(sum + x * y),
    mend: `WebAssembly in Node ${process.versions.node} has no relaxed SIMD; use Node 22 or later, or backend wasm`,
  },
};

/** The compiled kernels, and how the matrix product is fastest on this machine. The numbers do not depend on it. */
export interface MatrixKernel {
  /** Whether tiles of 5 × 16 elements are faster than those of 5 × 8. */
  readonly hasWideTiles: boolean;
  /** Bits of the registers that V8 was seen to use. */
  readonly simdBits: 128 | 256;
  readonly module: WebAssembly.Module;
  instantiate(memory: WebAssembly.Memory): KernelExports;
}

/** A module, and its instances. */
function compiled(bytes: Buffer, copy: string): Pick<MatrixKernel, "module" | "instantiate"> {
  const module = compile(bytes, copy);
  const instantiate = (memory: WebAssembly.Memory) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
  return { module, instantiate };
}

/** The kernel with the tiles that are faster, of those that are exact. */
async function tried(bytes: Buffer, { plus }: Arithmetic): Promise<MatrixKernel> {
  const isWanted = isModeWanted();
  if (isWanted) switchMode(true);
  const plain = () => ({ ...compiled(bytes, "plain"), hasWideTiles: false, simdBits: 128 }) as const;
  // 16 registers of 128 bits are too few for a wide tile.
  if (process.arch === "x64" && !isWanted) return plain();
  const tried = compiled(bytes, "tried");
  const { instantiate } = tried;
  const isWide = (await fasterTiles(instantiate)) === "wide" && isExact(instantiate, "wide", plus);
  if (isWide) return { ...tried, hasWideTiles: true, simdBits: isWanted ? 256 : 128 };
  if (isWanted) switchMode(false);
  return plain();
}

async function prepare(rounding: Rounding): Promise<MatrixKernel> {
  const arithmetic = arithmetics[rounding];
  const bytes = readModule(arithmetic.file);
  if (!WebAssembly.validate(new Uint8Array(bytes))) throw new Unavailable(arithmetic.mend);
  const kernel = await tried(bytes, arithmetic);
  // Whether relaxed SIMD rounds once is the processor's affair, but for all of its instructions alike.
  if (rounding === "fused" && !isExact(kernel.instantiate, "narrow", arithmetic.plus)) {
    throw new Unavailable("this processor rounds a product before it is added to a sum; use backend wasm");
  }
  return kernel;
}

const prepared = new Map<Rounding, Promise<MatrixKernel>>();

/** Compiles and tries a kernel, once in a thread; best before other modules are compiled, which gain by the mode too. */
export function prepareMatrixKernel(rounding: Rounding = "separate"): Promise<MatrixKernel> {
  const known = prepared.get(rounding);
  if (known) return known;
  const kernel = prepare(rounding);
  prepared.set(rounding, kernel);
  return kernel;
}
