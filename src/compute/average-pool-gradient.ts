import * as tf from "@tensorflow/tfjs-core";

/** Backends whose kernel divides by the size of the whole window, where the average is over what lies inside. */
type BackendName = "cpu" | "webgpu";

const corrected = new Set<BackendName>();

/** How many entries of each window along one axis lie inside. */
const insideAlong = (windows: number, size: number, stride: number, margin: number, length: number) =>
  Array.from(
    { length: windows },
    (_, i) => Math.min(length, i * stride - margin + size) - Math.max(0, i * stride - margin),
  );

/** For each window its size over its number of entries inside the image; undefined where all lie inside. */
function sizesOverInside(shape: readonly number[], attrs: unknown) {
  const { filterSize, strides, pad, dimRoundingMode } = attrs as tf.AvgPoolGradAttrs & { dimRoundingMode?: "floor" };
  const inShape = shape as [number, number, number, number];
  const pool = tf.backend_util.computePool2DInfo(inShape, filterSize, strides, 1, pad, dimRoundingMode);
  const { filterHeight, filterWidth, outHeight, outWidth, padInfo } = pool;
  const rows = insideAlong(outHeight, filterHeight, pool.strideHeight, padInfo.top, pool.inHeight);
  const columns = insideAlong(outWidth, filterWidth, pool.strideWidth, padInfo.left, pool.inWidth);
  const ratios = rows.flatMap((row) => columns.map((column) => (filterHeight * filterWidth) / (row * column)));
  return ratios.every((ratio) => ratio === 1) ? undefined : { ratios, shape: [1, outHeight, outWidth, 1] };
}

/** Makes the backend's gradient of average pooling that of its average pooling, at the borders of padded images too. */
export function correctAveragePoolGradient(backendName: BackendName): void {
  if (corrected.has(backendName)) return;
  corrected.add(backendName);
  const shipped = tf.getKernel(tf.AvgPoolGrad, backendName);
  tf.unregisterKernel(tf.AvgPoolGrad, backendName);
  tf.registerKernel({
    ...shipped,
    kernelFunc(call) {
      const { dy, input } = call.inputs as Readonly<Record<"dy" | "input", tf.TensorInfo>>;
      const correction = sizesOverInside(input.shape, call.attrs);
      if (!correction) return shipped.kernelFunc(call);
      const ratios = tf.tensor(correction.ratios, correction.shape, "float32");
      const multiply = tf.getKernel(tf.Multiply, backendName).kernelFunc;
      const scaled = multiply({ inputs: { a: dy, b: ratios }, attrs: {}, backend: call.backend }) as tf.TensorInfo;
      try {
        return shipped.kernelFunc({ ...call, inputs: { dy: scaled, input } });
      } finally {
        (call.backend as tf.KernelBackend).disposeData(scaled.dataId);
        ratios.dispose();
      }
    },
  });
}
