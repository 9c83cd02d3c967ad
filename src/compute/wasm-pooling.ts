import * as tf from "@tensorflow/tfjs-core";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import type { Multiplier } from "./wasm-fusion.js";

type Addresses = [number, number, number, number];

/** The part of each window along one axis that lies inside the image: its first entry, and how many. */
interface Inside {
  readonly from: Int32Array;
  readonly count: Int32Array;
}

function insideOf(windows: number, size: number, stride: number, margin: number, length: number): Inside {
  const from = Int32Array.from({ length: windows }, (_, i) => Math.max(0, i * stride - margin));
  const count = from.map((first, i) => Math.min(length, i * stride - margin + size) - first);
  return { from, count };
}

/** Where windows lie in the images they pass over, whose entries are `rowStep` and `columnStep` apart. */
interface Geometry {
  readonly images: number;
  readonly imageSize: number;
  readonly channels: number;
  readonly rows: Inside;
  readonly columns: Inside;
  readonly rowStep: number;
}

function geometryOf(shape: readonly number[], attrs: unknown): Geometry {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as tf.AvgPoolGradAttrs & tf.MaxPoolGradAttrs;
  const inShape = shape as [number, number, number, number];
  const pool = tf.backend_util.computePool2DInfo(inShape, filterSize, strides, 1, pad, dimRoundingMode);
  const { inHeight, inWidth, inChannels: channels, padInfo } = pool;
  return {
    images: pool.batchSize,
    imageSize: inHeight * inWidth * channels,
    channels,
    rows: insideOf(pool.outHeight, pool.filterHeight, pool.strideHeight, padInfo.top, inHeight),
    columns: insideOf(pool.outWidth, pool.filterWidth, pool.strideWidth, padInfo.left, inWidth),
    rowStep: inWidth * channels,
  };
}

/** Calls f for each window in the order of the output: with its first entry, its rows and columns, and its own number. */
function eachWindow(
  { images, imageSize, channels, rows, columns, rowStep }: Geometry,
  f: (corner: number, rows: number, columns: number, window: number) => void,
): void {
  let window = 0;
  for (let image = 0; image < images; image++) {
    for (let i = 0; i < rows.from.length; i++) {
      const row = image * imageSize + rows.from[i]! * rowStep;
      for (let j = 0; j < columns.from.length; j++) {
        f(row + columns.from[j]! * channels, rows.count[i]!, columns.count[j]!, window++);
      }
    }
  }
}

/**
 * The gradient of max pooling: each window's goes to its first largest entry. The kernel that is shipped drops it where
 * the largest entry is not positive, which is wrong after any activation but relu.
 */
export const maxPoolGradient =
  (multiplier: Multiplier): KernelFunction =>
  ({ inputs, attrs, backend }) => {
    const { dy, input, output: largest } = inputs as Inputs<"dy" | "input" | "output">;
    const geometry = geometryOf(input.shape, attrs);
    const wasm = backend as WasmBackend;
    const { images } = multiplier(wasm);
    const output = wasm.makeOutput(input.shape, "float32");
    wasm.typedArrayFromHeap(output).fill(0);
    const [x, y, gradient, to] = [input, largest, dy, output].map((tensor) => addressOf(wasm, tensor)) as Addresses;
    const { channels, rowStep } = geometry;
    eachWindow(geometry, (corner, rows, columns, window) => {
      const [entry, result] = [4 * corner, 4 * window * channels];
      images.addToLargest(x + entry, y + result, gradient + result, to + entry, rows, columns, channels, 4 * rowStep);
    });
    return output;
  };

/**
 * The gradient of average pooling: each window's is shared equally by its entries inside the image, over which the
 * average was taken. The kernel that is shipped divides by the size of the whole window at the borders too.
 */
export const averagePoolGradient: KernelFunction = ({ inputs, attrs, backend }) => {
  const { dy, input } = inputs as Inputs<"dy" | "input">;
  const geometry = geometryOf(input.shape, attrs);
  const wasm = backend as WasmBackend;
  const output = wasm.makeOutput(input.shape, "float32");
  // Views, taken after the allocation, which can move the memory.
  const [gradient, result] = [dy, output].map((tensor) => wasm.typedArrayFromHeap(tensor)) as [
    Float32Array,
    Float32Array,
  ];
  result.fill(0);
  const { channels, rowStep } = geometry;
  eachWindow(geometry, (corner, rows, columns, window) => {
    const share = 1 / (rows * columns);
    const from = window * channels;
    const width = columns * channels;
    for (let row = 0, first = corner; row < rows; row++, first += rowStep) {
      for (let at = 0, channel = 0; at < width; at++) {
        result[first + at]! += gradient[from + channel]! * share;
        if (++channel === channels) channel = 0;
      }
    }
  });
  return output;
};
