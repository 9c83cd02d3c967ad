import type * as tfl from "@tensorflow/tfjs-layers";
import { z } from "zod";
import type { Layer } from "../compute/layer.js";
import { augmenter } from "../data/augmentation.js";
import type { KnownConstants, Problem, ProblemContext } from "./problem.js";

/** The TensorFlow.js layers library, handed to those who make layers: this module is read without loading it. */
export type LayersLibrary = typeof tfl;

/** One layer of a network that has weights, described before TensorFlow.js is loaded. */
export interface NetworkLayer {
  /** Its weights in the order the layer keeps them, named `layer/weight`. */
  readonly weights: readonly Layer[];
  /** @param seed of the layer's random initial weights */
  create(library: LayersLibrary, seed: number): tfl.layers.Layer;
}

/** A feed-forward classifier: from images to one logit a class. */
export interface Network {
  /** Shape of one example as the first layer takes it. */
  readonly inputShape: readonly number[];
  readonly layers: readonly NetworkLayer[];
}

const initializers = {
  glorotUniform: "glorotUniform",
  glorotNormal: "glorotNormal",
  heUniform: "heUniform",
  heNormal: "heNormal",
  lecunUniform: "leCunUniform",
  lecunNormal: "leCunNormal",
  zeros: "zeros",
} as const;

const normals = { normal: "randomNormal", truncatedNormal: "truncatedNormal" } as const;

type InitializerName = keyof typeof initializers;
type NormalName = keyof typeof normals;

const initializerOption = z
  .union(
    [
      z.enum(Object.keys(initializers) as [InitializerName, ...InitializerName[]]),
      z.strictObject({
        distribution: z
          .enum(Object.keys(normals) as [NormalName, ...NormalName[]])
          .describe("normal about 0, or the same without what is beyond two standard deviations"),
        standardDeviation: z
          .number()
          .positive()
          .describe("of the normal distribution, before what is beyond is left out"),
      }),
    ],
    { error: `expected ${Object.keys(initializers).join(", ")}, or {distribution, standardDeviation}` },
  )
  .default("glorotUniform")
  .describe("distribution of the initial weights, as Keras names it; the he ones are meant for relu");

export type Initializer = z.infer<typeof initializerOption>;

function initializerOf(library: LayersLibrary, initializer: Initializer, seed: number) {
  if (typeof initializer === "string") return library.initializers[initializers[initializer]]({ seed });
  const { distribution, standardDeviation: stddev } = initializer;
  return library.initializers[normals[distribution]]({ mean: 0, stddev, seed });
}

/** Options every network has. */
export const networkFields = {
  initializer: initializerOption,
  bias: z.boolean().default(true).describe("whether layers have a bias, initially zero"),
};

export interface DenseOptions {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly activation: "relu" | "tanh" | "sigmoid" | "linear";
  readonly initializer: Initializer;
  readonly bias: boolean;
}

/** A fully connected layer, activation(x·W + b), W of shape [inputs, units]. */
export function dense({ name, inputs, units, activation, initializer, bias }: DenseOptions): NetworkLayer {
  const kernel: Layer = { name: `${name}/kernel`, shape: [inputs, units] };
  return {
    weights: bias ? [kernel, { name: `${name}/bias`, shape: [units] }] : [kernel],
    create: (library, seed) =>
      library.layers.dense({
        name,
        units,
        activation,
        useBias: bias,
        kernelInitializer: initializerOf(library, initializer, seed),
        biasInitializer: "zeros",
      }),
  };
}

/** Trains the network on the context's data set to the least mean softmax cross-entropy. */
export function classification(network: Network, context: ProblemContext, constants?: KnownConstants): Problem {
  const dataset = context.dataset!;
  const stream = context.stream("initialisation");
  // From 1: TensorFlow.js takes the seed 0 for none at all.
  const seeds = network.layers.map(() => stream.integer(1, 2 ** 31 - 1));
  return {
    layers: network.layers.flatMap(({ weights }) => weights),
    examples: dataset.train.size,
    dataset,
    defaultPrecision: "float32",
    ...(constants && { constants }),
    async onTensors(algebra) {
      const { NetworkObjective } = await import("./network-objective.js");
      const augmentation = dataset.preparation?.augmentation;
      const augment = augmentation && augmenter(augmentation, (name) => context.stream(name));
      return new NetworkObjective(algebra, network, seeds, dataset, augment);
    },
  };
}
