import * as tf from "@tensorflow/tfjs-core";

/** What kernels are given and give back: a handle of data on the backend, without the autodiff of a Tensor. */
type Kernel = NonNullable<ReturnType<typeof tf.getKernel>>;
type KernelFunction = Kernel["kernelFunc"];
type KernelArguments = Parameters<KernelFunction>[0];

const backendName = "wasm";
const originals = new Map<string, Kernel>();

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

const replacements: Readonly<Record<string, (original: KernelFunction) => KernelFunction>> = {
  [tf.BatchMatMul]: transposingFirst,
  [tf._FusedMatMul]: transposingFirst,
};

function register(kernel: Kernel): void {
  tf.unregisterKernel(kernel.kernelName, backendName);
  tf.registerKernel(kernel);
}

/** Replaces kernels of the wasm backend that are slow as shipped. Doing it twice is doing it once. */
export function replaceWasmKernels(): void {
  if (originals.size > 0) return;
  for (const [name, replace] of Object.entries(replacements)) {
    const original = tf.getKernel(name, backendName);
    originals.set(name, original);
    register({ ...original, kernelFunc: replace(original.kernelFunc) });
  }
}

/** Puts the kernels back that the wasm backend ships with. */
export function restoreWasmKernels(): void {
  for (const original of originals.values()) register(original);
  originals.clear();
}
