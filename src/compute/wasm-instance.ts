import type { MatrixKernel } from "./matrix-kernel.js";
import type { KernelExports } from "./matrix-product.js";
import type { WasmModule } from "./wasm-backend.js";

/** One instance for each memory, kept for as long as that is. */
const exportsByModule = new WeakMap<WasmModule, KernelExports>();

/** The kernels of assembly/, at work in the memory of the backend's module. */
export function exportsIn(wasm: WasmModule, kernel: MatrixKernel): KernelExports {
  const known = exportsByModule.get(wasm);
  if (known) return known;
  const exports = kernel.instantiate(wasm.asm.memory);
  exportsByModule.set(wasm, exports);
  return exports;
}
