import * as tf from "@tensorflow/tfjs-core";
// The gradients that TensorFlow.js has are registered by this library: one is replaced here.
import "@tensorflow/tfjs-layers";
import { reluGradientKernel } from "./kernel-names.js";

/** What TensorFlow.js has in place of a kernel makes a mask of numbers first: two operations on wasm, six on native. */
const composed = tf.getGradient(tf.Relu).gradFunc;

tf.registerGradient({
  kernelName: tf.Relu,
  inputsToSave: ["x"],
  gradFunc(dy, saved, attributes) {
    if (!tf.getKernel(reluGradientKernel, tf.getBackend())) return composed(dy, saved, attributes);
    return { x: () => tf.engine().runKernel(reluGradientKernel, { dy: dy as tf.Tensor, x: saved[0]! }) as tf.Tensor };
  },
});
