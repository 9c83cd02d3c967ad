import * as tf from "@tensorflow/tfjs-core";
import { crossEntropyKernel } from "./kernel-names.js";

type Tensor = tf.Tensor;

/** The kernel from a backend's own operations, where it has none. */
function composed(logits: tf.Tensor2D, labels: tf.Tensor1D): [Tensor, Tensor] {
  const logarithms = tf.logSoftmax(logits);
  // Cast afterwards: asked for float32, the wasm kernel writes the bits of integers.
  const truth = tf.cast(tf.oneHot(labels, logits.shape[1]), "float32");
  return [tf.neg(tf.sum(tf.mul(truth, logarithms), 1)), tf.sub(tf.exp(logarithms), truth)];
}

/** −log softmax(logits_i)[label_i] for every row i, and its gradient softmax(logits_i) − e_{label_i}. */
export function crossEntropyWithGradient(
  logits: tf.Tensor2D,
  labels: tf.Tensor1D,
): readonly [losses: Tensor, gradient: Tensor] {
  if (!tf.getKernel(crossEntropyKernel, tf.getBackend())) return composed(logits, labels);
  return tf.engine().runKernel(crossEntropyKernel, { logits, labels }) as [Tensor, Tensor];
}

/** The same as one operation that can be differentiated. */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const rowLosses = tf.customGrad((x, save) => {
    const [value, gradient] = crossEntropyWithGradient(x as tf.Tensor2D, labels);
    (save as tf.GradSaveFunc)([gradient]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(tf.reshape(dy, [dy.size, 1]), saved[0]!),
    };
  });
  return rowLosses(logits) as tf.Tensor1D;
}
