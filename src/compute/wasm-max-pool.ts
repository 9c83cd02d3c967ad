import * as tf from "@tensorflow/tfjs-core";
import type { Inputs, KernelFunction, WasmBackend } from "./wasm-backend.js";

type Triple = [Float32Array, Float32Array, Float32Array];

/** Index of the first largest entry of the window that begins at `start`. */
function largestIn(x: Float32Array, start: number, rows: number, columns: number, rowStep: number, columnStep: number) {
  let largest = start;
  for (let row = 0, first = start; row < rows; row++, first += rowStep) {
    for (let column = 0, at = first; column < columns; column++, at += columnStep) {
      if (x[at]! > x[largest]!) largest = at;
    }
  }
  return largest;
}

/** The part of a window of this size, beginning at `first`, that lies inside `length` entries. */
function inside(first: number, size: number, length: number): { from: number; count: number } {
  const from = Math.max(0, first);
  return { from, count: Math.min(length, first + size) - from };
}

/**
 * The gradient of max pooling: each window's goes to its first largest entry. The kernel that is shipped drops it where
 * the largest entry is not positive, which is wrong after any activation but relu.
 */
export const maxPoolGradient: KernelFunction = ({ inputs, attrs, backend }) => {
  const { dy, input } = inputs as Inputs<"dy" | "input">;
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as tf.MaxPoolGradAttrs;
  const pool = tf.backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const { inChannels: channels, inHeight, inWidth, padInfo } = pool;
  const rowStep = inWidth * channels;
  const wasm = backend as WasmBackend;
  const output = wasm.makeOutput(input.shape, "float32");
  // Views, taken after the allocation, which can move the memory.
  const [x, gradient, result] = [input, dy, output].map((tensor) => wasm.typedArrayFromHeap(tensor)) as Triple;
  result.fill(0);
  let position = 0;
  for (let n = 0; n < pool.batchSize; n++) {
    for (let i = 0; i < pool.outHeight; i++) {
      const rows = inside(i * pool.strideHeight - padInfo.top, pool.filterHeight, inHeight);
      for (let j = 0; j < pool.outWidth; j++) {
        const columns = inside(j * pool.strideWidth - padInfo.left, pool.filterWidth, inWidth);
        const corner = (n * inHeight + rows.from) * rowStep + columns.from * channels;
        for (let channel = 0; channel < channels; channel++) {
          const largest = largestIn(x, corner + channel, rows.count, columns.count, rowStep, channels);
          result[largest]! += gradient[position++]!;
        }
      }
    }
  }
  return output;
};
