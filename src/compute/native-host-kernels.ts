import * as tf from "@tensorflow/tfjs-core";
import { hitsOfRows } from "./hits.js";
import { crossEntropyKernel, hitsKernel } from "./kernel-names.js";
import { areFew, type Kernel, type NativeBackend } from "./native-backend.js";

/** Float32 numbers of the host as a tensor, which TensorFlow is given only where an operation asks for it. */
function onHost(backend: NativeBackend, values: Float32Array, shape: number[]): tf.TensorInfo {
  return { dataId: backend.write(values, shape, "float32"), shape, dtype: "float32" };
}

/** Of larger tensors TensorFlow fills the memory faster than it can be handed over. */
const mostFilledHere = 4096;

/** Fills the results, entry by entry. */
type Entrywise = (a: Float32Array, b: Float32Array, results: Float32Array) => void;

/**
 * The arithmetic of float64, rounded to float32 where it is stored, is that of float32. A loop for each: one that calls a
 * function at every entry takes several times as long.
 */
const arithmetic: Readonly<Record<string, Entrywise>> = {
  [tf.Add](a, b, results) {
    for (let i = 0; i < results.length; i++) results[i] = a[i]! + b[i]!;
  },
  [tf.Sub](a, b, results) {
    for (let i = 0; i < results.length; i++) results[i] = a[i]! - b[i]!;
  },
  [tf.Multiply](a, b, results) {
    for (let i = 0; i < results.length; i++) results[i] = a[i]! * b[i]!;
  },
  [tf.RealDiv](a, b, results) {
    for (let i = 0; i < results.length; i++) results[i] = a[i]! / b[i]!;
  },
};

/** Whether entries of this shape, each several times in a row, make up the other shape: they differ in last axes of length 1. */
function spreadsOver(shape: readonly number[], over: readonly number[]): boolean {
  if (shape.length !== over.length) return tf.util.sizeFromShape([...shape]) === 1 && shape.length < over.length;
  const same = over.findIndex((length, axis) => shape[axis] !== length);
  return same < 0 || shape.slice(same).every((length) => length === 1);
}

/** Each entry several times in a row, so that there are so many. */
function spread(entries: Float32Array, size: number): Float32Array {
  if (entries.length === size) return entries;
  const times = size / entries.length;
  const all = new Float32Array(size);
  for (let i = 0; i < entries.length; i++) all.fill(entries[i]!, i * times, (i + 1) * times);
  return all;
}

/** An operation on two tensors entry by entry: here where their numbers are few, else as TensorFlow.js has it. */
const entrywise =
  (operation: Entrywise, shipped: Kernel): Kernel =>
  (call) => {
    const { inputs, backend } = call;
    const { a, b } = inputs as Readonly<Record<"a" | "b", tf.TensorInfo>>;
    if (!areFew(a) || !areFew(b) || a.dtype !== "float32" || b.dtype !== "float32") return shipped(call);
    const shape = spreadsOver(b.shape, a.shape) ? a.shape : b.shape;
    if (!spreadsOver(a.shape, shape)) return shipped(call);
    const results = new Float32Array(tf.util.sizeFromShape(shape));
    const [x, y] = [a, b].map(({ dataId }) => spread(backend.readSync(dataId) as Float32Array, results.length));
    operation(x!, y!, results);
    return onHost(backend, results, shape);
  };

const hits: Kernel = ({ inputs: { logits, labels }, backend }) => {
  const [scores, truth] = [logits!, labels!].map(({ dataId }) => backend.readSync(dataId) as Float32Array);
  const [rows, classes] = logits!.shape as [number, number];
  return onHost(backend, hitsOfRows(scores!, truth!, classes), [rows]);
};

/** −log softmax(logits_i)[label_i] of every row, and softmax(logits_i) − e_{label_i}. */
const crossEntropy =
  (native: Kernel): Kernel =>
  (call) => {
    const { inputs, backend } = call;
    const { logits, labels } = inputs as Readonly<Record<"logits" | "labels", tf.TensorInfo>>;
    if (!areFew(logits)) return native(call);
    const [scores, truth] = [logits, labels].map(({ dataId }) => backend.readSync(dataId) as Float32Array);
    const [rows, classes] = logits.shape as [number, number];
    const losses = new Float32Array(rows);
    const gradient = new Float32Array(scores!.length);
    for (let row = 0; row < rows; row++) {
      const [first, end] = [row * classes, (row + 1) * classes];
      let largest = scores![first]!;
      for (let i = first + 1; i < end; i++) largest = Math.max(largest, scores![i]!);
      let sum = 0;
      for (let i = first; i < end; i++) {
        gradient[i] = Math.exp(scores![i]! - largest);
        sum += gradient[i]!;
      }
      for (let i = first; i < end; i++) gradient[i] = gradient[i]! / sum;
      const label = first + truth![row]!;
      losses[row] = Math.log(sum) + largest - scores![label]!;
      gradient[label] = gradient[label]! - 1;
    }
    return [onHost(backend, losses, [rows]), onHost(backend, gradient, logits.shape)];
  };

const fill =
  (shipped: Kernel): Kernel =>
  (call) => {
    const { shape, value, dtype = "float32" } = call.attrs as unknown as tf.FillAttrs;
    const size = tf.util.sizeFromShape(shape);
    if (dtype !== "float32" || size > mostFilledHere) return shipped(call);
    return onHost(call.backend, new Float32Array(size).fill(value as number), shape);
  };

/**
 * Kernels that compute less than it costs to start an operation.
 *
 * @param shipped those of TensorFlow.js, by name
 * @param nativeCrossEntropy what many logits are left to
 */
export function hostKernels(
  shipped: (name: string) => Kernel,
  nativeCrossEntropy: Kernel,
): Readonly<Record<string, Kernel>> {
  const onFew = Object.entries(arithmetic).map(([name, operation]) => [name, entrywise(operation, shipped(name))]);
  return {
    [hitsKernel]: hits,
    [crossEntropyKernel]: crossEntropy(nativeCrossEntropy),
    [tf.Fill]: fill(shipped(tf.Fill)),
    ...Object.fromEntries(onFew),
  };
}
