import type { MatrixKernel } from "./matrix-kernel.js";
import type { KernelExports } from "./matrix-product.js";
import type { WasmModule } from "./wasm-backend.js";

/** What is made once for each memory and kernel, and kept for as long as they are. */
export function oncePerMemory<T>(
  make: (wasm: WasmModule, kernel: MatrixKernel) => T,
): (wasm: WasmModule, kernel: MatrixKernel) => T {
  const byKernel = new WeakMap<MatrixKernel, WeakMap<WasmModule, T>>();
  return (wasm, kernel) => {
    let byMemory = byKernel.get(kernel);
    if (!byMemory) {
      byMemory = new WeakMap();
      byKernel.set(kernel, byMemory);
    }
    let made = byMemory.get(wasm);
    if (made === undefined) {
      made = make(wasm, kernel);
      byMemory.set(wasm, made);
    }
    return made;
  };
}

/** The kernels of assembly/, at work in the memory of the backend's module. */
export const exportsIn: (wasm: WasmModule, kernel: MatrixKernel) => KernelExports = oncePerMemory((wasm, kernel) =>
  kernel.instantiate(wasm.asm.memory),
);
