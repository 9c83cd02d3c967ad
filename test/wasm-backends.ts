import { prepareMatrixKernel } from "../src/compute/matrix-kernel.js";

/** The one for fused multiply-add, where Node and the processor have that: Node 20 has not. */
const fused = await prepareMatrixKernel("fused").then(
  () => ["wasm-fma"],
  () => [],
);

/** The backends of WebAssembly that there are here. */
export const wasmBackends: readonly string[] = ["wasm", ...fused];
