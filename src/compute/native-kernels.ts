import * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import { deviceNorm } from "./device-reductions.js";
import { provideHostReductions } from "./host-reductions.js";
import type { IntensitiesAttributes } from "./intensities.js";
import { crossEntropyKernel, intensitiesKernel, reluGradientKernel } from "./kernel-names.js";
import { type NativeBackend, nativeReductions } from "./native-reductions.js";

const backendName = "tensorflow";

type Kernel = (call: {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: NativeBackend;
}) => tf.TensorInfo | tf.TensorInfo[];

/** By name: operations of TensorFlow that TensorFlow.js composes of several, or lacks. */
const additions: Readonly<Record<string, Kernel>> = {
  [crossEntropyKernel]({ inputs: { logits, labels }, backend }) {
    const { TF_ATTR_TYPE: type, TF_FLOAT, TF_INT32 } = backend.binding;
    const attributes = [
      { name: "T", type, value: TF_FLOAT },
      { name: "Tlabels", type, value: TF_INT32 },
    ];
    return backend.executeMultipleOutputs("SparseSoftmaxCrossEntropyWithLogits", attributes, [logits!, labels!], 2);
  },
  [reluGradientKernel]({ inputs: { dy, x }, backend }) {
    const { TF_ATTR_TYPE: type, TF_FLOAT: value } = backend.binding;
    return backend.executeMultipleOutputs("ReluGrad", [{ name: "T", type, value }], [dy!, x!], 1)[0]!;
  },
  [intensitiesKernel]({ attrs, backend }) {
    const { bytes, shape } = attrs as unknown as IntensitiesAttributes;
    const { binding } = backend;
    const { TF_ATTR_TYPE: type, TF_FLOAT, TF_UINT8 } = binding;
    const uploaded = binding.createTensor(shape, TF_UINT8, bytes);
    const attributes = [
      { name: "SrcT", type, value: TF_UINT8 },
      { name: "DstT", type, value: TF_FLOAT },
    ];
    const [numbers] = binding.executeOp("Cast", attributes, [uploaded], 1);
    binding.deleteTensor(uploaded);
    return tf.tidy(() => tf.div(backend.createOutputTensor(numbers!), 255));
  },
};

/** Whether it is one float32 matrix, whatever the axes before its own. */
const isMatrix = ({ shape, dtype }: tf.TensorInfo) =>
  dtype === "float32" && shape.slice(0, -2).every((length) => length === 1);

/** In this shape; the tensor itself where it has it. */
const shaped = (x: tf.TensorInfo, shape: number[]) =>
  x.shape.length === shape.length ? x : tf.reshape(x as tf.Tensor, shape);

/** Products of two matrices by the operation for these; the one for batches of matrices costs more to start. */
const matrixProduct =
  (shipped: Kernel): Kernel =>
  (call) => {
    const { a, b } = call.inputs as Readonly<Record<"a" | "b", tf.TensorInfo>>;
    if (!isMatrix(a) || !isMatrix(b)) return shipped(call);
    const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT } = call.backend.binding;
    const attributes = [
      { name: "T", type: TF_ATTR_TYPE, value: TF_FLOAT },
      { name: "transpose_a", type: TF_ATTR_BOOL, value: call.attrs.transposeA },
      { name: "transpose_b", type: TF_ATTR_BOOL, value: call.attrs.transposeB },
    ];
    const axes = Math.max(a.shape.length, b.shape.length) - 2;
    return tf.tidy(() => {
      const factors = [a, b].map((x) => shaped(x, x.shape.slice(-2)));
      const product = call.backend.executeMultipleOutputs("MatMul", attributes, factors, 1)[0]!;
      return shaped(product, [...Array<number>(axes).fill(1), ...product.shape]) as tf.Tensor;
    });
  };

function register(kernelName: string, kernel: Kernel): void {
  tf.registerKernel({ kernelName, backendName, kernelFunc: kernel as unknown as tf.KernelFunc });
}

/** Gives the native backend, which is active, kernels that do more at once. Doing it twice is doing it once. */
export function addNativeKernels({ isOnGpu }: { isOnGpu: boolean }): void {
  if (tf.getKernel(crossEntropyKernel, backendName)) return;
  for (const [name, kernel] of Object.entries(additions)) register(name, kernel);
  const shipped = tf.getKernel(tf.BatchMatMul, backendName).kernelFunc as unknown as Kernel;
  tf.unregisterKernel(tf.BatchMatMul, backendName);
  register(tf.BatchMatMul, matrixProduct(shipped));
  // A GPU would be waited for at every number.
  if (isOnGpu) return;
  const scaledNorm = (x: tf.TensorInfo, p: Norm) => tf.tidy(() => deviceNorm(x as tf.Tensor, p).dataSync()[0]!);
  provideHostReductions(backendName, nativeReductions(tf.backend() as NativeBackend, scaledNorm));
}
