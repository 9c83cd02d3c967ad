import * as tf from "@tensorflow/tfjs-core";
import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** The gradient of relu in the memory of the wasm backend; see assembly/relu-gradient.ts. */
export const wasmReluGradient =
  (kernel: MatrixKernel): KernelFunction =>
  ({ inputs, backend }) => {
    const { dy, x } = inputs as Inputs<"dy" | "x">;
    const wasm = backend as WasmBackend;
    const dx = wasm.makeOutput(x.shape, "float32");
    exportsIn(wasm.wasm, kernel).reluGradient(
      addressOf(wasm, dy),
      addressOf(wasm, x),
      addressOf(wasm, dx),
      tf.util.sizeFromShape(x.shape),
    );
    return dx;
  };
