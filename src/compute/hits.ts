import * as tf from "@tensorflow/tfjs-core";
import { hitsKernel } from "./kernel-names.js";

/** The kernel from numbers of the host; labels may be numbers of any kind. */
export function hitsOfRows(logits: Float32Array, labels: ArrayLike<number>, classes: number): Float32Array {
  const results = new Float32Array(labels.length);
  for (let row = 0; row < labels.length; row++) {
    const first = row * classes;
    let largest = first;
    for (let i = first + 1; i < first + classes; i++) if (logits[i]! > logits[largest]!) largest = i;
    if (largest - first === labels[row]) results[row] = 1;
  }
  return results;
}

/** For every row, 1 where its largest logit is its label's, else 0. */
export function hits(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  if (tf.getKernel(hitsKernel, tf.getBackend())) return tf.engine().runKernel(hitsKernel, { logits, labels });
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, -1), labels), "float32"));
}
