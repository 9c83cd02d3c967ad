import * as tf from "@tensorflow/tfjs-core";
import { explicitlyPadded, filterGradient, inputGradient, maxPoolGradient } from "./wasm-convolution.js";

/** What kernels are given and give back: a handle of data on the backend, without the autodiff of a Tensor. */
type Kernel = NonNullable<ReturnType<typeof tf.getKernel>>;
type KernelFunction = Kernel["kernelFunc"];
type KernelArguments = Parameters<KernelFunction>[0];

const backendName = "wasm";
/** x with its last two axes exchanged, as a new handle that must be disposed. */
function transposed(x: tf.TensorInfo, backend: KernelArguments["backend"]): tf.TensorInfo {
  const rank = x.shape.length;
  const perm = x.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return tf
    .getKernel(tf.Transpose, backendName)
    .kernelFunc({ inputs: { x }, backend, attrs: { perm } }) as tf.TensorInfo;
}

/**
 * Multiplication without transposes is some ten times as fast in this backend as with them, so that copying the
 * transposed matrix first pays from the smallest layers on.
 */
function transposingFirst(multiply: KernelFunction): KernelFunction {
  return ({ inputs, backend, attrs }) => {
    const temporary: tf.TensorInfo[] = [];
    const oriented = (name: "a" | "b", isTransposed: unknown) => {
      if (!isTransposed) return inputs[name]!;
      const copy = transposed(inputs[name]!, backend);
      temporary.push(copy);
      return copy;
    };
    const a = oriented("a", attrs?.transposeA);
    const b = oriented("b", attrs?.transposeB);
    try {
      return multiply({
        inputs: { ...inputs, a, b },
        backend,
        attrs: { ...attrs, transposeA: false, transposeB: false },
      });
    } finally {
      for (const { dataId } of temporary) (backend as tf.KernelBackend).disposeData(dataId);
    }
  };
}

/** By kernel name: what replaces the kernel that is shipped. */
const replacements: Readonly<Record<string, (shipped: KernelFunction) => KernelFunction>> = {
  [tf.BatchMatMul]: transposingFirst,
  [tf._FusedMatMul]: transposingFirst,
  [tf.Conv2D]: explicitlyPadded,
  [tf.FusedConv2D]: explicitlyPadded,
  [tf.Conv2DBackpropInput]: inputGradient,
  [tf.MaxPoolGrad]: () => maxPoolGradient,
};

/** Kernels that wasm does not have. */
const additions: Readonly<Record<string, KernelFunction>> = {
  [tf.Conv2DBackpropFilter]: filterGradient,
};

/** The kernels replaced, as they were shipped; empty while none is. */
const shippedKernels = new Map<string, Kernel>();

function register(kernel: Kernel): void {
  tf.unregisterKernel(kernel.kernelName, backendName);
  tf.registerKernel(kernel);
}

/** Replaces kernels of the wasm backend that are slow or wrong, and adds a missing one. Doing it twice is doing it once. */
export function replaceWasmKernels(): void {
  if (shippedKernels.size > 0) return;
  for (const [name, replace] of Object.entries(replacements)) {
    const shipped = tf.getKernel(name, backendName);
    shippedKernels.set(name, shipped);
    register({ ...shipped, kernelFunc: replace(shipped.kernelFunc) });
  }
  for (const [kernelName, kernelFunc] of Object.entries(additions)) {
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}

/** Leaves the wasm backend with the kernels it is shipped with. */
export function restoreWasmKernels(): void {
  if (shippedKernels.size === 0) return;
  for (const shipped of shippedKernels.values()) register(shipped);
  for (const kernelName of Object.keys(additions)) tf.unregisterKernel(kernelName, backendName);
  shippedKernels.clear();
}
