import * as tf from "@tensorflow/tfjs-core";
import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/**
 * Sums over the first axes, as those of a bias's gradient: the kernel that is shipped makes a copy with these axes last,
 * entry by entry. The order of each sum is the same.
 *
 * @param shipped for sums over any other axes
 */
export const leadingSums =
  (shipped: KernelFunction, kernel: MatrixKernel): KernelFunction =>
  (call) => {
    const { x } = call.inputs as Inputs<"x">;
    const { axis, keepDims } = call.attrs as unknown as tf.SumAttrs;
    const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const count = axes.length;
    const areFirst = axes.every((one, i) => one === i);
    if (!areFirst || count === x.shape.length || x.dtype !== "float32") return shipped(call);
    const wasm = call.backend as WasmBackend;
    const columns = tf.util.sizeFromShape(x.shape.slice(count));
    const rows = tf.util.sizeFromShape(x.shape.slice(0, count));
    const shape = keepDims ? tf.backend_util.expandShapeToKeepDim(x.shape.slice(count), axes) : x.shape.slice(count);
    const result = wasm.makeOutput(shape, "float32");
    const { columnSums } = exportsIn(wasm.wasm, kernel);
    columnSums(addressOf(wasm, x), addressOf(wasm, result), rows, columns);
    return result;
  };
