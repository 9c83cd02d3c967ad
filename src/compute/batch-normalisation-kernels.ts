import type * as tf from "@tensorflow/tfjs-core";
import { type HostBackendName, type HostKernel, registerHostKernel } from "./host-kernels.js";

/** Names of the kernels, for backends whose tensors lie in this process's memory. */
export const channelMoments = "ChannelMoments";
export const batchNormalisationGradient = "BatchNormalisationGradient";

const channelsOf = ({ shape }: tf.TensorInfo): number => shape.at(-1)!;

/** Mean and variance of each channel over all other axes; sums in double precision. */
const moments: HostKernel = {
  name: channelMoments,
  inputs: ["x"],
  shapes: ([x]) => [[channelsOf(x!)], [channelsOf(x!)]],
  compute([x], [mean, variance]) {
    const channels = mean!.length;
    const count = x!.length / channels;
    const sums = new Float64Array(channels);
    for (let i = 0; i < x!.length; ) for (let c = 0; c < channels; c++) sums[c]! += x![i++]!;
    const means = sums.map((sum) => sum / count);
    const squares = new Float64Array(channels);
    for (let i = 0; i < x!.length; ) {
      for (let c = 0; c < channels; c++) {
        const difference = x![i++]! - means[c]!;
        squares[c]! += difference * difference;
      }
    }
    mean!.set(means);
    for (let c = 0; c < channels; c++) variance![c] = squares[c]! / count;
  },
};

/**
 * With x̂ = (x − μ)/σ, σ² = variance + ε, y = γx̂ + β over n entries a channel:
 * ∂f/∂β = Σ dy, ∂f/∂γ = Σ dy·x̂, ∂f/∂x = (γ/σ)(dy − ∂f/∂β/n − x̂·∂f/∂γ/n).
 */
const gradient: HostKernel = {
  name: batchNormalisationGradient,
  inputs: ["dy", "x", "mean", "variance", "scale"],
  shapes: ([, x]) => [x!.shape, [channelsOf(x!)], [channelsOf(x!)]],
  compute([dy, x, mean, variance, scale], [dx, dScale, dOffset], { epsilon }) {
    const channels = mean!.length;
    const count = x!.length / channels;
    const inverse = Float64Array.from(variance!, (value) => 1 / Math.sqrt(value + (epsilon as number)));
    const [sums, products] = [new Float64Array(channels), new Float64Array(channels)];
    for (let i = 0; i < x!.length; ) {
      for (let c = 0; c < channels; c++, i++) {
        sums[c]! += dy![i]!;
        products[c]! += dy![i]! * (x![i]! - mean![c]!);
      }
    }
    // dx = a·dy − b·(x − μ) − d
    const a = inverse.map((value, c) => value * scale![c]!);
    const b = a.map((value, c) => (value * products[c]! * inverse[c]! ** 2) / count);
    const d = a.map((value, c) => (value * sums[c]!) / count);
    for (let i = 0; i < x!.length; ) {
      for (let c = 0; c < channels; c++, i++) dx![i] = a[c]! * dy![i]! - b[c]! * (x![i]! - mean![c]!) - d[c]!;
    }
    for (let c = 0; c < channels; c++) dScale![c] = products[c]! * inverse[c]!;
    dOffset!.set(sums);
  },
};

/** Gives the backend the kernels of batch normalisation, unless it has them. */
export function registerBatchNormalisationKernels(backendName: HostBackendName): void {
  registerHostKernel(backendName, moments);
  registerHostKernel(backendName, gradient);
}
