import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { threadId } from "node:worker_threads";
import { ExperimentError, messageOf } from "../base/errors.js";
import { Unavailable } from "./activation.js";
import type { KernelExports } from "./matrix-product.js";
import { fasterTiles, isExact } from "./matrix-trial.js";

/** The compiled kernels, and how the matrix product is fastest on this machine. The numbers do not depend on it. */
export interface MatrixKernel {
  /** Whether tiles of 5 × 16 elements are faster than those of 5 × 8. */
  readonly hasWideTiles: boolean;
  /** Bits of the registers that V8 was seen to use. */
  readonly simdBits: 128 | 256;
  instantiate(memory: WebAssembly.Memory): KernelExports;
}

/** Beside the built modules; from the sources, tests run what was built too. */
const path = fileURLToPath(new URL("../../dist/compute/kernels.wasm", import.meta.url));

/** The variable that keeps V8's mode of 256 bits off. */
const variable = "RUN_EXPERIMENT_WASM_256";

/** @throws ExperimentError if the package was not built */
export function readModule(): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ExperimentError(
      `the kernels of WebAssembly cannot be read, ${messageOf(error)}; npm run build makes them`,
    );
  }
}

/**
 * Compiles a copy of its own: V8 shares the code of equal modules between threads and over time, whereas the trial is to
 * see it become optimized, and optimized anew after the mode was switched off.
 */
function compile(bytes: Buffer, copy: string): WebAssembly.Module {
  const name = Buffer.from(`${threadId} ${copy}`);
  // A section that means nothing: its number, its length, the length of its name, its name.
  const section = Buffer.from([0, name.length + 1, name.length, ...name]);
  return new WebAssembly.Module(new Uint8Array(Buffer.concat([bytes, section])));
}

/** @throws ExperimentError if the variable says something else than on or off */
function isAllowed(): boolean {
  const value = process.env[variable] || "on";
  if (value !== "on" && value !== "off") {
    throw new ExperimentError(`${variable} is ${JSON.stringify(value)}; expected on or off`);
  }
  return value === "on";
}

/** V8 has the mode for x64 processors. Version 12, of Node 22, knows the flag, but pairs nothing in these functions. */
const isKnown = () => process.arch === "x64" && Number.parseInt(process.versions.v8, 10) >= 13;

/**
 * Lets V8 pair operations on 128 bits to ones on 256, in every function of WebAssembly that it optimizes from now on. It
 * is the only flag that may be set while the process runs: together with flags of tiering it crashes some versions.
 */
function switchMode(isOn: boolean): void {
  setFlagsFromString(isOn ? "--experimental-wasm-revectorize" : "--no-experimental-wasm-revectorize");
}

function instantiator(module: WebAssembly.Module): MatrixKernel["instantiate"] {
  return (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
}

async function prepare(): Promise<MatrixKernel> {
  const isWanted = isAllowed() && isKnown();
  const bytes = readModule();
  if (!WebAssembly.validate(new Uint8Array(bytes))) {
    throw new Unavailable("this machine's WebAssembly has no SIMD; use backend cpu");
  }
  if (isWanted) switchMode(true);
  const plain = () =>
    ({ instantiate: instantiator(compile(bytes, "plain")), hasWideTiles: false, simdBits: 128 }) as const;
  // 16 registers of 128 bits are too few for a wide tile.
  if (process.arch === "x64" && !isWanted) return plain();
  const instantiate = instantiator(compile(bytes, "tried"));
  const isWide = (await fasterTiles(instantiate)) === "wide" && isExact(instantiate, "wide");
  if (isWide) return { instantiate, hasWideTiles: true, simdBits: isWanted ? 256 : 128 };
  if (isWanted) switchMode(false);
  return plain();
}

let prepared: Promise<MatrixKernel> | undefined;

/** Compiles and tries the kernel, once in a thread; best before other modules are compiled, which gain by the mode too. */
export function prepareMatrixKernel(): Promise<MatrixKernel> {
  prepared ??= prepare();
  return prepared;
}
