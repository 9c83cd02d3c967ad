import * as tf from "@tensorflow/tfjs-core";
import { ExperimentError } from "../base/errors.js";
import { lineBytes } from "./matrix-product.js";
import type { WasmBackend, WasmModule } from "./wasm-backend.js";

/** Bytes that 32 bits tell apart. */
const addressable = 2 ** 32;

/** From this size on memory begins where a line of the cache does. */
const alignedBytes = 1024;

const prepared = new WeakSet<WasmModule>();

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Makes the backend's allocator throw where it would return the address 0, or less than it was asked for: TensorFlow.js
 * goes on there and overwrites its own memory, so that every later result of the process is wrong or a crash.
 *
 * And has tensors begin where lines of the cache do: the allocator knows of multiples of 8 bytes alone, and of loads of 32
 * bytes that begin anywhere every other one takes two lines.
 */
export function prepareWasmMemory(): void {
  const { wasm } = tf.backend() as WasmBackend;
  if (prepared.has(wasm)) return;
  prepared.add(wasm);
  // What stands in their places before the first call replaces itself by these at that call.
  const { malloc, free } = wasm.asm;
  /** Where what was allocated begins, of addresses that were moved to the next line. */
  const beginnings = new Map<number, number>();
  wasm._malloc = (bytes) => {
    const size = bytes < alignedBytes ? bytes : bytes + lineBytes;
    // Sizes are taken modulo 2³²: more than can be addressed would come out as a little. Addresses come signed.
    const beginning = size < addressable ? malloc(size) >>> 0 : 0;
    if (beginning === 0 && bytes > 0) {
      throw new ExperimentError(
        `out of memory of wasm: ${mebibytes(bytes)} more do not fit beside the ${mebibytes(wasm.HEAPU8.length)} it has; use a smaller model or batch, or backend tensorflow`,
        { reason: "runFailed" },
      );
    }
    if (bytes < alignedBytes) return beginning;
    const address = Math.ceil(beginning / lineBytes) * lineBytes;
    beginnings.set(address, beginning);
    return address;
  };
  wasm._free = (address) => {
    free(beginnings.get(address) ?? address);
    beginnings.delete(address);
  };
}
