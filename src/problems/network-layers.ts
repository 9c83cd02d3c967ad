// Layers that the library has, but not so that a run could be repeated or resumed. It is loaded with this module.
import * as tf from "@tensorflow/tfjs-core";
import * as library from "@tensorflow/tfjs-layers";
import { ExperimentError } from "../base/errors.js";
import type { RandomStream } from "../base/random.js";
import { batchNormalised, normalisedBy } from "../compute/batch-normalisation.js";
import type { Activation } from "./network.js";

type Tensor = tf.Tensor;

/** How a model is applied: the keyword arguments that reach its layers. */
export interface Pass {
  readonly training: boolean;
  /** What dropout draws from; needed in training. */
  readonly noise?: RandomStream;
  /** Collects what variables that are not trained are to become, for the caller to dispose; needed in training. */
  readonly moved?: Map<library.LayerVariable, Tensor>;
}

/** The one input of a layer. */
const only = (inputs: Tensor | Tensor[]): Tensor => (Array.isArray(inputs) ? inputs[0]! : inputs);

const activationLayers = new Map<Activation, library.layers.Layer>();

/** The activation by itself, of a tensor of any shape. */
export function activated(activation: Activation, x: Tensor): Tensor {
  if (activation === "linear") return x;
  const layer = activationLayers.get(activation) ?? library.layers.activation({ activation });
  activationLayers.set(activation, layer);
  return layer.call(x, {}) as Tensor;
}

/** Options as Keras names them. */
interface DropoutOptions {
  readonly name?: string;
  readonly rate: number;
}

/**
 * In training, each entry becomes 0 with probability `rate`, else it is divided by 1 − rate. The library's own draws
 * the same entries at every step, or others at every repetition.
 */
export class Dropout extends library.layers.Layer {
  static readonly className: string = "RunDropout";
  private readonly rate: number;

  constructor({ rate, ...options }: DropoutOptions) {
    super(options);
    this.rate = rate;
  }

  override call(inputs: Tensor | Tensor[], { training, noise }: Pass): Tensor {
    const x = only(inputs);
    if (!training || this.rate === 0) return tf.clone(x);
    const kept = 1 / (1 - this.rate);
    const mask = Float32Array.from({ length: x.size }, () => (noise!.uniform() < this.rate ? 0 : kept));
    return tf.tidy(() => tf.mul(x, tf.tensor(mask, x.shape)));
  }
}

interface BatchNormalizationOptions {
  readonly name?: string;
  readonly axis?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  readonly scale?: boolean;
  readonly center?: boolean;
}

/**
 * Normalises each channel by its mean and variance, in training those of the batch, in evaluation the running ones:
 * running ← momentum·running + (1 − momentum)·batch. The library's own moves the running ones as it computes, even
 * where no step is made, and fails without a scale.
 */
export class BatchNormalization extends library.layers.Layer {
  static readonly className: string = "RunBatchNormalization";
  private readonly options: Required<Omit<BatchNormalizationOptions, "name">>;
  private variables: Partial<Record<"gamma" | "beta", library.LayerVariable>> = {};
  private running!: Readonly<Record<"mean" | "variance", library.LayerVariable>>;

  /** Defaults are those of Keras. */
  constructor({
    axis = -1,
    momentum = 0.99,
    epsilon = 1e-3,
    scale = true,
    center = true,
    ...rest
  }: BatchNormalizationOptions) {
    super(rest);
    this.options = { axis, momentum, epsilon, scale, center };
  }

  override build(inputShape: library.Shape | library.Shape[]): void {
    const shape = inputShape as library.Shape;
    const { axis, scale, center } = this.options;
    if (axis !== -1 && axis !== shape.length - 1) {
      throw new ExperimentError(`layer ${this.name} normalises along axis ${axis}; expected the last, the channels`);
    }
    const channels = [shape.at(-1)!];
    const [ones, zeros] = [library.initializers.ones(), library.initializers.zeros()];
    this.variables = {
      ...(scale && { gamma: this.addWeight("gamma", channels, "float32", ones) }),
      ...(center && { beta: this.addWeight("beta", channels, "float32", zeros) }),
    };
    const running = (name: string, start: typeof ones) =>
      this.addWeight(name, channels, "float32", start, undefined, false);
    this.running = { mean: running("moving_mean", zeros), variance: running("moving_variance", ones) };
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], { training, moved }: Pass): Tensor {
    const x = only(inputs);
    const { momentum, epsilon } = this.options;
    return tf.tidy(() => {
      const { gamma, beta } = this.variables;
      const channels = [x.shape.at(-1)!];
      const scale = gamma?.read() ?? tf.ones(channels);
      const offset = beta?.read() ?? tf.zeros(channels);
      const [mean, variance] = [this.running.mean.read(), this.running.variance.read()];
      if (!training) return normalisedBy(x, { mean, variance, scale, offset }, epsilon);
      const batch = batchNormalised(x, scale, offset, epsilon);
      const towards = (running: Tensor, now: Tensor) =>
        tf.keep(tf.add(tf.mul(momentum, running), tf.mul(1 - momentum, now)));
      moved!.set(this.running.mean, towards(mean, batch.mean));
      moved!.set(this.running.variance, towards(variance, batch.variance));
      return batch.output;
    });
  }
}

/** By the library's name of a layer: what it is replaced by. */
export const replacements = { Dropout, BatchNormalization };

// So that the library makes them where a model's file has them.
for (const layer of Object.values(replacements)) tf.serialization.registerClass(layer);
