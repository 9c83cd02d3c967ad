import * as tf from "@tensorflow/tfjs-core";
import { hitsKernel } from "./kernel-names.js";

/** For every row, 1 where its largest logit is its label's, else 0. */
export function hits(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  if (tf.getKernel(hitsKernel, tf.getBackend())) return tf.engine().runKernel(hitsKernel, { logits, labels });
  return tf.tidy(() => tf.cast(tf.equal(tf.argMax(logits, -1), labels), "float32"));
}
