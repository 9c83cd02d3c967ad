import * as tf from "@tensorflow/tfjs-core";
import { batchNormalisationGradient, channelMoments } from "./batch-normalisation-kernels.js";

type Tensor = tf.Tensor;

const hasKernel = (name: string) => tf.getKernel(name, tf.getBackend()) !== undefined;

/** Everything but the channels as one axis. */
const rowsOf = (x: Tensor): tf.Tensor2D => tf.reshape(x, [-1, x.shape.at(-1)!]);

/** Mean and variance of each channel, the last axis, over all others. */
function momentsOf(x: Tensor): { mean: Tensor; variance: Tensor } {
  if (!hasKernel(channelMoments)) return tf.moments(rowsOf(x), 0);
  const [mean, variance] = tf.engine().runKernel(channelMoments, { x }) as unknown as [Tensor, Tensor];
  return { mean, variance };
}

/** What the gradient is made from: ∂f/∂y, x, and of each channel mean, variance and γ. */
type GradientInputs = Readonly<Record<"dy" | "x" | "mean" | "variance" | "scale", Tensor>>;

/** ∂f/∂x, ∂f/∂γ, ∂f/∂β; see the kernel for the formulas. */
function gradientsOf(inputs: GradientInputs, epsilon: number): Tensor[] {
  if (hasKernel(batchNormalisationGradient)) {
    return tf.engine().runKernel(batchNormalisationGradient, inputs, { epsilon }) as unknown as Tensor[];
  }
  const { x, mean, variance, scale } = inputs;
  const dy = rowsOf(inputs.dy);
  const inverse = tf.rsqrt(tf.add(variance, epsilon));
  const normalised = tf.mul(tf.sub(rowsOf(x), mean), inverse);
  const dOffset = tf.sum(dy, 0);
  const dScale = tf.sum(tf.mul(dy, normalised), 0);
  const count = dy.shape[0];
  const centred = tf.sub(tf.sub(dy, tf.div(dOffset, count)), tf.mul(normalised, tf.div(dScale, count)));
  return [tf.reshape(tf.mul(centred, tf.mul(scale, inverse)), x.shape), dScale, dOffset];
}

/**
 * y = γ(x − μ)/√(σ² + ε) + β, where μ and σ² are the mean and the variance (divided by n) of each channel in this
 * batch. Differentiable in x, γ and β.
 *
 * @param x with the channels on its last axis
 * @param scale γ, one a channel
 * @param offset β, one a channel
 * @see Ioffe, Szegedy: Batch Normalization, arXiv:1502.03167, algorithm 1
 */
export function batchNormalised(
  x: Tensor,
  scale: Tensor,
  offset: Tensor,
  epsilon: number,
): { readonly output: Tensor; readonly mean: Tensor; readonly variance: Tensor } {
  const { mean, variance } = momentsOf(x);
  const normalise = tf.customGrad((...given) => {
    const [a, gamma, beta, save] = given as [Tensor, Tensor, Tensor, tf.GradSaveFunc];
    save([a, mean, variance, gamma]);
    return {
      value: normalisedBy(a, { mean, variance, scale: gamma, offset: beta }, epsilon),
      gradFunc(dy: Tensor, saved: Tensor[]) {
        const [x, mean, variance, scale] = saved as [Tensor, Tensor, Tensor, Tensor];
        return gradientsOf({ dy, x, mean, variance, scale }, epsilon);
      },
    };
  });
  return { output: normalise(x, scale, offset), mean, variance };
}

/** γ(x − μ)/√(σ² + ε) + β with given μ and σ², as in evaluation. */
export function normalisedBy(
  x: Tensor,
  { mean, variance, scale, offset }: Readonly<Record<"mean" | "variance" | "scale" | "offset", Tensor>>,
  epsilon: number,
): Tensor {
  return tf.batchNorm(
    x,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    offset as tf.Tensor1D,
    scale as tf.Tensor1D,
    epsilon,
  );
}
