import * as tf from "@tensorflow/tfjs-core";
// With it the gradients of activations are registered.
import "../compute/relu-gradient.js";
import { crossEntropyWithGradient } from "../compute/cross-entropy.js";
import { denseOperation } from "../compute/dense-layer.js";
import type { DenseActivation, DenseLayer } from "./network.js";

type Tensor = tf.Tensor;

/** Activations, with the kernels by whose names their gradients are registered. */
const activations: Readonly<Record<DenseActivation, { readonly kernel?: string; apply(x: Tensor): Tensor }>> = {
  linear: { apply: (x) => x },
  relu: { kernel: tf.Relu, apply: tf.relu },
  tanh: { kernel: tf.Tanh, apply: tf.tanh },
  sigmoid: { kernel: tf.Sigmoid, apply: tf.sigmoid },
};

/** W and, where the layer has one, b. */
type DenseWeights = readonly [kernel: Tensor, bias: Tensor | undefined];

/** What follows the products x·W of a layer, in the order in which the library's own layer has it: its rounding is the same. */
function outputOf(activation: DenseActivation, x: Tensor, [kernel, bias]: DenseWeights): Tensor {
  const isRectified = activation === "relu";
  const joined = denseOperation({ x, kernel, bias, isRectified });
  if (joined) return isRectified ? joined : activations[activation].apply(joined);
  if (activation === "linear" || (isRectified && !bias)) {
    return tf.fused.matMul({ a: x, b: kernel, activation, ...(bias && { bias }) });
  }
  const product = tf.matMul(x, kernel);
  return activations[activation].apply(bias ? tf.add(product, bias) : product);
}

/** The gradient by what the activation was applied to, from that by its result y: the registered derivatives go by y. */
function throughActivation(activation: DenseActivation, gradient: Tensor, y: Tensor): Tensor {
  const { kernel } = activations[activation];
  if (kernel === undefined) return gradient;
  return tf.getGradient(kernel).gradFunc(gradient, [y], {}).x!();
}

/** What a pass through the network made; the caller owns it. */
export interface DensePass {
  /** examples × classes */
  readonly logits: tf.Tensor2D;
  /** The cross-entropy of each example. */
  readonly losses: Tensor;
  /** Of the sum of the losses times `share`, by every weight. */
  readonly gradients: Tensor[];
}

/**
 * Cross-entropy of fully connected layers h_ℓ = a_ℓ(h_{ℓ−1}W_ℓ + b_ℓ), and its gradient by backpropagation: with δ_ℓ the
 * gradient by h_{ℓ−1}W_ℓ + b_ℓ,
 *
 *     ∂W_ℓ = h_{ℓ−1}ᵀδ_ℓ,   ∂b_ℓ = Σ_i δ_ℓ,i,   δ_{ℓ−1} = a′_{ℓ−1} ∘ δ_ℓW_ℓᵀ.
 *
 * The tape of TensorFlow.js comes to the same operations in the same order, and to the same bits; in a step of some
 * milliseconds what it does to get there counts.
 *
 * @param weights of each layer W and, where it has one, b
 * @param images examples × pixels
 * @param share of each example in the gradient
 */
export function passThrough(
  layers: readonly DenseLayer[],
  weights: readonly Tensor[],
  { images, labels }: { readonly images: Tensor; readonly labels: tf.Tensor1D },
  share: number,
): DensePass {
  return tf.tidy(() => {
    let next = 0;
    const ofLayers = layers.map(({ bias }): DenseWeights => [weights[next++]!, bias ? weights[next++] : undefined]);
    /** h_0, h_1, … */
    const outputs = [images];
    for (const [i, { activation }] of layers.entries()) outputs.push(outputOf(activation, outputs[i]!, ofLayers[i]!));
    const logits = outputs.at(-1) as tf.Tensor2D;
    const [losses, slopes] = crossEntropyWithGradient(logits, labels);
    const gradients: Tensor[] = [];
    let delta: Tensor = tf.mul(slopes, tf.scalar(share));
    for (let i = layers.length - 1; i >= 0; i--) {
      const [kernel, bias] = ofLayers[i]!;
      delta = throughActivation(layers[i]!.activation, delta, outputs[i + 1]!);
      gradients.unshift(tf.matMul(outputs[i]!, delta, true, false), ...(bias ? [tf.sum(delta, 0)] : []));
      if (i > 0) delta = tf.matMul(delta, kernel, false, true);
    }
    return { logits, losses, gradients };
  });
}
