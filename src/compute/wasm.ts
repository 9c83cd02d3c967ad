import { activate, loadCore, withoutErrorListeners } from "./activation.js";
import { registerBatchNormalisationKernels } from "./batch-normalisation-kernels.js";
import { provideDeferredOperations } from "./deferred-operations.js";
import { provideHostReductions } from "./host-reductions.js";
import { prepareMatrixKernel, type Rounding } from "./matrix-kernel.js";
import { productThreads } from "./product-helpers.js";
import { sharingMemory } from "./shared-memory.js";
import type { WasmBackendName } from "./wasm-backend.js";
import { wasmDeferredOperations } from "./wasm-deferred.js";
import { replaceWasmKernels, restoreWasmKernels } from "./wasm-kernels.js";
import { prepareWasmMemory } from "./wasm-memory.js";
import { wasmReductions } from "./wasm-reductions.js";

/** How the matrix products of each backend are rounded. */
const roundings: Readonly<Record<WasmBackendName, Rounding>> = { wasm: "separate", "wasm-fma": "fused" };

/** The backend of TensorFlow.js, which is another one's too: what tells them apart are the kernels of its name. */
const shippedName: WasmBackendName = "wasm";

/** Has TensorFlow.js know the backend by all of its names, with the kernels that it is shipped with. */
async function registerShipped(): Promise<void> {
  await import("@tensorflow/tfjs-backend-wasm");
  const tf = await loadCore();
  for (const name of Object.keys(roundings)) {
    if (name === shippedName) continue;
    tf.copyRegisteredKernels(shippedName, name);
    tf.registerBackend(name, () => tf.findBackend(shippedName));
  }
}

let registered: Promise<void> | undefined;

/**
 * Starts TensorFlow.js's backend for WebAssembly under one of its names, with the kernels of assembly/ in place of those
 * that are slow, wrong or missing.
 *
 * @param patched false for the kernels as they are shipped
 * @throws Unavailable if WebAssembly has not what the kernels need
 */
export async function startWasm(name: WasmBackendName, { patched }: { readonly patched: boolean }) {
  const rounding = roundings[name];
  registered ??= registerShipped();
  const [kernel] = await Promise.all([prepareMatrixKernel(rounding), registered]);
  if (patched) replaceWasmKernels(name, kernel);
  else restoreWasmKernels(name);
  await sharingMemory(() => withoutErrorListeners(() => activate(shippedName)));
  await activate(name);
  prepareWasmMemory();
  provideHostReductions(name, wasmReductions(kernel));
  provideDeferredOperations(name, wasmDeferredOperations(kernel));
  registerBatchNormalisationKernels(name);
  const { version_core: version } = await loadCore();
  const registers = `CPU, WebAssembly with SIMD of ${kernel.simdBits} bits`;
  return {
    device: rounding === "fused" ? `${registers} and fused multiply-add` : registers,
    version,
    threads: productThreads(),
  };
}
