import type { IntensitiesAttributes } from "./intensities.js";
import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** Intensities of bytes in the memory of the wasm backend; see assembly/intensities.ts. */
export const wasmIntensities =
  (kernel: MatrixKernel): KernelFunction =>
  ({ attrs, backend: active }) => {
    const { bytes, shape } = attrs as unknown as IntensitiesAttributes;
    const backend = active as WasmBackend;
    const result = backend.makeOutput(shape, "float32");
    const copy = backend.wasm._malloc(bytes.length);
    backend.wasm.HEAPU8.set(bytes, copy >>> 0);
    exportsIn(backend.wasm, kernel).intensities(copy, addressOf(backend, result), bytes.length);
    backend.wasm._free(copy);
    return result;
  };
