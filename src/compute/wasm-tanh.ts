import * as tf from "@tensorflow/tfjs-core";
import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** tanh in the memory of the wasm backend; see assembly/hyperbolic-tangent.ts. */
export const wasmTanh =
  (kernel: MatrixKernel): KernelFunction =>
  ({ inputs, backend }) => {
    const { x } = inputs as Inputs<"x">;
    const wasm = backend as WasmBackend;
    const result = wasm.makeOutput(x.shape, "float32");
    const { hyperbolicTangent } = exportsIn(wasm.wasm, kernel);
    hyperbolicTangent(addressOf(wasm, x), addressOf(wasm, result), tf.util.sizeFromShape(x.shape));
    return result;
  };
