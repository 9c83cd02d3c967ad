import * as tf from "@tensorflow/tfjs-core";

type KernelFunction = NonNullable<ReturnType<typeof tf.getKernel>>["kernelFunc"];
type Inputs<Name extends string> = Readonly<Record<Name, tf.TensorInfo>>;
type Padding = tf.Conv2DBackpropInputAttrs["pad"];
/** What the wasm backend has beyond other backends: results to be filled in, and views of tensors in its memory. */
type WasmBackend = tf.KernelBackend & {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
};

type Triple = [Float32Array, Float32Array, Float32Array];
type Shape4D = [number, number, number, number];

function geometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  {
    strides,
    pad,
    dimRoundingMode,
    dilations = 1,
  }: Pick<tf.Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> & Partial<Pick<tf.Conv2DAttrs, "dilations">>,
) {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    "channelsLast",
  );
}

function explicit(top: number, bottom: number, left: number, right: number): Padding {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

/**
 * "same" padding in numbers. Left to itself, the kernel that is shipped silently gives nothing but zeros where the
 * filter is narrower than the stride in one direction and not in the other.
 */
export function explicitlyPadded(convolve: KernelFunction): KernelFunction {
  return (call) => {
    const { x, filter } = call.inputs as Inputs<"x" | "filter">;
    const attrs = call.attrs as unknown as tf.Conv2DAttrs;
    if (attrs.pad !== "same" || attrs.dataFormat !== "NHWC") return convolve(call);
    const { top, bottom, left, right } = geometry(x.shape, filter.shape, attrs).padInfo;
    return convolve({ ...call, attrs: { ...call.attrs, pad: explicit(top, bottom, left, right) as number[][] } });
  };
}

/**
 * ∂f/∂filter of a convolution, which wasm lacks: dW[h, w, c, d] = Σ x[n, s·i + h, s·j + w, c]·dy[n, i, j, d] is itself a
 * convolution, with channels for examples, dy for the filter, and the forward stride s for its dilation.
 */
export const filterGradient: KernelFunction = ({ inputs, attrs }) => {
  const { x, dy } = inputs as Inputs<"x" | "dy">;
  const { filterShape, dataFormat, ...rest } = attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  if (dataFormat !== "NHWC") throw new Error(`Conv2DBackpropFilter on wasm needs NHWC data, not ${dataFormat}`);
  const { padInfo, strideHeight, strideWidth } = geometry(x.shape, filterShape, rest);
  const { top, bottom, left, right } = padInfo;
  return tf.tidy(() => {
    const channelsAsExamples = tf.transpose(x as tf.Tensor4D, [3, 1, 2, 0]);
    const examplesAsChannels = tf.transpose(dy as tf.Tensor4D, [1, 2, 0, 3]);
    const correlation = tf.conv2d(
      channelsAsExamples,
      examplesAsChannels,
      1,
      explicit(top, bottom, left, right) as tf.backend_util.ExplicitPadding,
      "NHWC",
      [strideHeight, strideWidth],
    );
    const [height, width, channels, outputs] = filterShape;
    // Rows and columns that the forward stride left over have no weight of their own.
    return tf.transpose(tf.slice(correlation, [0, 0, 0, 0], [channels, height, width, outputs]), [1, 2, 0, 3]);
  });
};

/**
 * ∂f/∂x of a convolution of stride 1 as the convolution of dy with the reversed filter, at four times the speed of the
 * kernel that is shipped; other strides are left to that one.
 */
export function inputGradient(shipped: KernelFunction): KernelFunction {
  return (call) => {
    const { dy, filter } = call.inputs as Inputs<"dy" | "filter">;
    const { inputShape, dataFormat, ...rest } = call.attrs as unknown as tf.Conv2DBackpropInputAttrs;
    if (dataFormat !== "NHWC") return shipped(call);
    const { padInfo, strideHeight, strideWidth } = geometry(inputShape, filter.shape, rest);
    const [height, width] = filter.shape as Shape4D;
    const margins = [
      height - 1 - padInfo.top,
      height - 1 - padInfo.bottom,
      width - 1 - padInfo.left,
      width - 1 - padInfo.right,
    ] as const;
    if (strideHeight !== 1 || strideWidth !== 1 || margins.some((margin) => margin < 0)) return shipped(call);
    return tf.tidy(() => {
      const reversed = tf.transpose(tf.reverse(filter as tf.Tensor4D, [0, 1]), [0, 1, 3, 2]);
      return tf.conv2d(dy as tf.Tensor4D, reversed, 1, explicit(...margins) as tf.backend_util.ExplicitPadding);
    });
  };
}

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
  const pool = tf.backend_util.computePool2DInfo(input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
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
