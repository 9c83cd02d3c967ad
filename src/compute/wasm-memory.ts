import * as tf from "@tensorflow/tfjs-core";
import { ExperimentError } from "../errors.js";
import type { WasmBackend, WasmModule } from "./wasm-backend.js";

const guarded = new WeakSet<WasmModule>();

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

/**
 * Makes the backend's allocator throw where it would return the address 0: TensorFlow.js goes on there and overwrites
 * its own memory, so that every later result of the process is wrong or a crash.
 */
export function guardWasmMemory(): void {
  const { wasm } = tf.backend() as WasmBackend;
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  // What stands there before the first call replaces itself by this at that call.
  const allocate = wasm.asm.malloc;
  wasm._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) {
      throw new ExperimentError(
        `out of memory of wasm: ${mebibytes(bytes)} more do not fit beside the ${mebibytes(wasm.HEAPU8.length)} it has; use a smaller model or batch, or backend tensorflow`,
        { reason: "runFailed" },
      );
    }
    return address;
  };
}
