import { Unavailable } from "./activation.js";
import { compile, isModeWanted, readModule, switchMode } from "./kernel-module.js";
import type { KernelExports } from "./matrix-product.js";
import { fasterTiles, isExact } from "./matrix-trial.js";

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

async function prepare(): Promise<MatrixKernel> {
  const isWanted = isModeWanted();
  const bytes = readModule();
  if (!WebAssembly.validate(new Uint8Array(bytes))) {
    throw new Unavailable("this machine's WebAssembly has no SIMD; use backend cpu");
  }
  if (isWanted) switchMode(true);
  const plain = () => ({ ...compiled(bytes, "plain"), hasWideTiles: false, simdBits: 128 }) as const;
  // 16 registers of 128 bits are too few for a wide tile.
  if (process.arch === "x64" && !isWanted) return plain();
  const tried = compiled(bytes, "tried");
  const { instantiate } = tried;
  const isWide = (await fasterTiles(instantiate)) === "wide" && isExact(instantiate, "wide");
  if (isWide) return { ...tried, hasWideTiles: true, simdBits: isWanted ? 256 : 128 };
  if (isWanted) switchMode(false);
  return plain();
}

let prepared: Promise<MatrixKernel> | undefined;

/** Compiles and tries the kernel, once in a thread; best before other modules are compiled, which gain by the mode too. */
export function prepareMatrixKernel(): Promise<MatrixKernel> {
  prepared ??= prepare();
  return prepared;
}
