import * as tf from "@tensorflow/tfjs-core";
import { ExperimentError } from "../base/errors.js";
import type { WasmBackend, WasmModule } from "./wasm-backend.js";

/** Bytes that 32 bits tell apart. */
const addressable = 2 ** 32;

const guarded = new WeakSet<WasmModule>();

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Makes the backend's allocator throw where it would return the address 0, or less than it was asked for: TensorFlow.js
 * goes on there and overwrites its own memory, so that every later result of the process is wrong or a crash.
 */
export function guardWasmMemory(): void {
  const { wasm } = tf.backend() as WasmBackend;
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  // What stands there before the first call replaces itself by this at that call.
  const allocate = wasm.asm.malloc;
  wasm._malloc = (bytes) => {
    // Sizes are taken modulo 2³²: more than can be addressed would come out as a little.
    const address = bytes < addressable ? allocate(bytes) : 0;
    if (address === 0 && bytes > 0) {
      throw new ExperimentError(
        `out of memory of wasm: ${mebibytes(bytes)} more do not fit beside the ${mebibytes(wasm.HEAPU8.length)} it has; use a smaller model or batch, or backend tensorflow`,
        { reason: "runFailed" },
      );
    }
    return address;
  };
}
