import * as tf from "@tensorflow/tfjs-core";
import { intensitiesKernel } from "./kernel-names.js";

/** What the kernel is told. */
export interface IntensitiesAttributes {
  readonly bytes: Uint8Array;
  readonly shape: readonly number[];
}

const intensityOf = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);

/** The bytes of images as float32 numbers in [0, 1], on the device. The bytes may be written over afterwards. */
export function intensities(bytes: Uint8Array, shape: readonly number[]): tf.Tensor {
  if (!tf.getKernel(intensitiesKernel, tf.getBackend())) {
    const numbers = new Float32Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) numbers[i] = intensityOf[bytes[i]!]!;
    return tf.tensor(numbers, [...shape]);
  }
  const attributes: IntensitiesAttributes = { bytes, shape };
  return tf.engine().runKernel(intensitiesKernel, {}, attributes as unknown as tf.NamedAttrMap) as tf.Tensor;
}
