import * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import { provideDeferredOperations } from "./deferred-operations.js";
import type { DenseAttributes } from "./dense-layer.js";
import { deviceNorm } from "./device-reductions.js";
import { provideHostReductions } from "./host-reductions.js";
import type { IntensitiesAttributes } from "./intensities.js";
import { crossEntropyKernel, denseKernel, intensitiesKernel, reluGradientKernel } from "./kernel-names.js";
import { type Id, type Kernel, type NativeBackend, none, resultOf, shareData } from "./native-backend.js";
import { nativeDeferredOperations } from "./native-deferred.js";
import { hostKernels } from "./native-host-kernels.js";
import { hasOwnOperations, ownOperations } from "./native-operations.js";
import { maxPooling } from "./native-pooling.js";
import { nativeReductions } from "./native-reductions.js";

const backendName = "tensorflow";

/** The bytes, divided by 255, as float32 numbers. */
function intensities(backend: NativeBackend, isOnGpu: boolean): (bytes: Uint8Array, shape: readonly number[]) => Id {
  const { binding } = backend;
  const { TF_ATTR_TYPE: type, TF_FLOAT, TF_UINT8 } = binding;
  const isOwn = !isOnGpu && hasOwnOperations(backend);
  const toFloat = [{ name: "DstT", type, value: TF_FLOAT }];
  const largest = binding.createTensor([], TF_FLOAT, Float32Array.of(255));
  return (bytes, shape) => {
    const uploaded = binding.createTensor(shape, TF_UINT8, bytes);
    const operation = isOwn ? ownOperations.intensities : "Cast";
    const numbers = binding.executeOp(operation, isOwn ? none : toFloat, [uploaded], 1)[0]!.id;
    binding.deleteTensor(uploaded);
    if (isOwn) return numbers;
    const quotients = binding.executeOp("RealDiv", none, [numbers, largest], 1)[0]!.id;
    binding.deleteTensor(numbers);
    return quotients;
  };
}

/** By name: operations of TensorFlow that TensorFlow.js composes of several, or lacks. */
function additionsTo(backend: NativeBackend, isOnGpu: boolean): Readonly<Record<string, Kernel>> {
  const { binding } = backend;
  const toIntensities = intensities(backend, isOnGpu);
  const execute = (operation: string, inputs: readonly Id[]) => binding.executeOp(operation, none, inputs, 1)[0]!;
  return {
    [crossEntropyKernel]: ({ inputs: { logits, labels } }) =>
      binding
        .executeOp("SparseSoftmaxCrossEntropyWithLogits", none, backend.getInputTensorIds([logits!, labels!]), 2)
        .map((output) => resultOf(backend, output)),
    [reluGradientKernel]: ({ inputs: { dy, x } }) =>
      resultOf(backend, execute("ReluGrad", backend.getInputTensorIds([dy!, x!]))),
    [denseKernel]({ inputs, attrs }) {
      const { x, weights, bias } = inputs as Readonly<Record<"x" | "weights", tf.TensorInfo>> & {
        bias?: tf.TensorInfo;
      };
      let output = execute("MatMul", backend.getInputTensorIds([x, weights]));
      const replace = (operation: string, others: readonly tf.TensorInfo[]) => {
        const { id } = output;
        output = execute(operation, [id, ...backend.getInputTensorIds(others)]);
        binding.deleteTensor(id);
      };
      if (bias) replace("BiasAdd", [bias]);
      if ((attrs as unknown as DenseAttributes).isRectified) replace("Relu", []);
      return resultOf(backend, output);
    },
    [intensitiesKernel]({ attrs }) {
      const { bytes, shape } = attrs as unknown as IntensitiesAttributes;
      const id = toIntensities(bytes, shape);
      return resultOf(backend, { id, shape: [...shape], dtype: binding.TF_FLOAT });
    },
  };
}

/** A tensor of the same data. Strings, which TensorFlow frees one by one, get data of their own. */
const reshape =
  (shipped: Kernel): Kernel =>
  (call) => {
    const x = call.inputs.x!;
    if (x.dtype === "string") return shipped(call);
    const shape = tf.util.inferFromImplicitShape(call.attrs.shape as number[], tf.util.sizeFromShape(x.shape));
    call.backend.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  };

/** Whether it is one float32 matrix, whatever the axes before its own. */
const isMatrix = ({ shape, dtype }: tf.TensorInfo) =>
  dtype === "float32" && shape.slice(0, -2).every((length) => length === 1);

/** Products of two matrices by the operation for these; the one for batches of matrices costs more to start. */
function matrixProduct(backend: NativeBackend, shipped: Kernel): Kernel {
  const { binding } = backend;
  const attribute = (name: string) => ({ name, type: binding.TF_ATTR_BOOL, value: true });
  const attributes = { a: attribute("transpose_a"), b: attribute("transpose_b") };
  return (call) => {
    const { a, b } = call.inputs as Readonly<Record<"a" | "b", tf.TensorInfo>>;
    if (!isMatrix(a) || !isMatrix(b)) return shipped(call);
    const { transposeA, transposeB } = call.attrs;
    const transposed = [...(transposeA ? [attributes.a] : []), ...(transposeB ? [attributes.b] : [])];
    const factors = [a, b].map(({ dataId, shape, dtype }) => ({ dataId, shape: shape.slice(-2), dtype }));
    const product = binding.executeOp("MatMul", transposed, backend.getInputTensorIds(factors), 1)[0]!;
    const axes = Math.max(a.shape.length, b.shape.length) - 2;
    return resultOf(backend, product, [...Array<number>(axes).fill(1), ...product.shape]);
  };
}

function register(kernelName: string, kernel: Kernel): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc: kernel as unknown as tf.KernelFunc });
}

/** Gives the native backend, which is active, kernels that do more at once. Doing it twice is doing it once. */
export function addNativeKernels({ isOnGpu }: { isOnGpu: boolean }): void {
  if (tf.getKernel(crossEntropyKernel, backendName)) return;
  const backend = tf.backend() as NativeBackend;
  const shipped = (name: string) => tf.getKernel(name, backendName).kernelFunc as unknown as Kernel;
  shareData(backend);
  const additions = additionsTo(backend, isOnGpu);
  const kernels: Readonly<Record<string, Kernel>> = {
    ...additions,
    [tf.Reshape]: reshape(shipped(tf.Reshape)),
    [tf.BatchMatMul]: matrixProduct(backend, shipped(tf.BatchMatMul)),
    // A GPU would be waited for at every number.
    ...(!isOnGpu && hostKernels(shipped, additions[crossEntropyKernel]!)),
    ...(!isOnGpu && maxPooling(backend, shipped(tf.MaxPool), shipped(tf.MaxPoolGrad))),
  };
  for (const [name, kernel] of Object.entries(kernels)) register(name, kernel);
  if (isOnGpu) return;
  const scaledNorm = (x: tf.TensorInfo, p: Norm) => tf.tidy(() => deviceNorm(x as tf.Tensor, p).dataSync()[0]!);
  provideHostReductions(backendName, nativeReductions(backend, scaledNorm));
  if (hasOwnOperations(backend)) provideDeferredOperations(backendName, nativeDeferredOperations(backend));
}
