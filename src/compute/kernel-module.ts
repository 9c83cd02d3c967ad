import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { threadId } from "node:worker_threads";
import { ExperimentError, messageOf } from "../base/errors.js";

/** The variable that keeps V8's mode of 256 bits off. */
const variable = "RUN_EXPERIMENT_WASM_256";

/**
 * A module of WebAssembly, which lies beside the built modules; from the sources, tests run what was built too.
 *
 * @throws ExperimentError if the package was not built
 */
export function readModule(file: "kernels.wasm" | "fused-kernels.wasm" | "decimal.wasm" = "kernels.wasm"): Buffer {
  try {
    return readFileSync(fileURLToPath(new URL(`../../dist/compute/${file}`, import.meta.url)));
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
export function compile(bytes: Buffer, copy: string): WebAssembly.Module {
  const name = Buffer.from(`${threadId} ${copy}`);
  // A section that means nothing: its number, its length, the length of its name, its name.
  const section = Buffer.from([0, name.length + 1, name.length, ...name]);
  return new WebAssembly.Module(new Uint8Array(Buffer.concat([bytes, section])));
}

/** Memory for the kernels, which are compiled for memory that threads share, where they do not compute in TensorFlow.js's. */
export const kernelMemory = (pages: number): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });

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

/** Whether the mode is to be tried. */
export const isModeWanted = (): boolean => isAllowed() && isKnown();

/**
 * Lets V8 pair operations on 128 bits to ones on 256, in every function of WebAssembly that it optimizes from now on. It
 * is the only flag that may be set while the process runs: together with flags of tiering it crashes some versions.
 */
export function switchMode(isOn: boolean): void {
  setFlagsFromString(isOn ? "--experimental-wasm-revectorize" : "--no-experimental-wasm-revectorize");
}
