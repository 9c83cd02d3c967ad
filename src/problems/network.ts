import type { Tensor } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { z } from "zod";
import type { Layer } from "../compute/layer.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import type { KnownConstants, Problem, ProblemContext } from "./problem.js";

/** The TensorFlow.js layers library, handed to those who make layers: this module is read without loading it. */
export type LayersLibrary = typeof tfl;

/** What layers are made with: the library, and the layers of our own beside it. */
export interface Toolbox {
  readonly library: LayersLibrary;
  readonly own: typeof import("./network-layers.js");
}

/** What is loaded where networks of several runs are computed. */
export interface StackedTools {
  readonly core: typeof import("@tensorflow/tfjs-core");
  readonly own: typeof import("./network-layers.js");
}

/**
 * A layer, or a network, of several runs at once. The first axis of everything counts the runs, or has the length 1 where
 * all have the same.
 *
 * @param weights in their order, [runs, …shape]
 * @param x [runs, examples, …shape of one]
 */
export type OverRuns = (tools: StackedTools, weights: readonly Tensor[], x: Tensor) => Tensor;

/** A fully connected layer whose gradient is written out; see dense-layers.ts. */
export interface DenseLayer {
  readonly activation: DenseActivation;
  readonly bias: boolean;
}

/** One layer of a network, described before TensorFlow.js is loaded. */
export interface NetworkLayer {
  /** Its trained weights in the order the layer keeps them, named `layer/weight`. */
  readonly weights: readonly Layer[];
  /** What it keeps besides, and the optimizer does not train: running statistics. */
  readonly nonTrainable?: readonly Layer[];
  /** Whether it does something else in training than in evaluation. */
  readonly hasTrainingMode?: boolean;
  /** @param seed of the layer's random initial weights */
  create(tools: Toolbox, seed: number): tfl.layers.Layer;
  /** Absent where it computes for one run at a time. */
  readonly overRuns?: OverRuns;
  /** Of fully connected layers: what they are. */
  readonly dense?: DenseLayer | undefined;
}

/** A feed-forward classifier: from images to one logit a class. */
export interface Network {
  /** Shape of one example as the model takes it. */
  readonly inputShape: readonly number[];
  /** What is trained. */
  readonly weights: readonly Layer[];
  /** What is kept besides. */
  readonly nonTrainable: readonly Layer[];
  /** Whether a step's loss is another than the one that is evaluated: batch normalisation, dropout. */
  readonly hasTrainingMode: boolean;
  build(tools: Toolbox): BuiltNetwork | Promise<BuiltNetwork>;
  /** The logits of several runs; absent where it computes for one run at a time. */
  readonly overRuns?: OverRuns;
  /** Its layers, where all of them are fully connected: their gradients need no tape. */
  readonly denseLayers?: readonly DenseLayer[];
}

/** A network on the active backend. */
export interface BuiltNetwork {
  /** From a batch of examples to their logits. */
  readonly model: tfl.LayersModel;
  /** Its variables, in the order of the network's `weights` and `nonTrainable`. */
  readonly trained: readonly tfl.LayerVariable[];
  readonly kept: readonly tfl.LayerVariable[];
}

/** These layers one after the other, over several runs; undefined where one of them cannot. */
function chainOverRuns(layers: readonly NetworkLayer[]): OverRuns | undefined {
  const links = layers.flatMap(({ weights, overRuns }) => (overRuns ? [{ count: weights.length, overRuns }] : []));
  if (links.length < layers.length) return undefined;
  return (tools, weights, x) => {
    let first = 0;
    return links.reduce((input, { count, overRuns }) => {
      first += count;
      return overRuns(tools, weights.slice(first - count, first), input);
    }, x);
  };
}

/** The network of these layers, one after the other, with random initial weights. */
export function stacked(
  inputShape: readonly number[],
  layers: readonly NetworkLayer[],
  context: ProblemContext,
): Network {
  const stream = context.stream("initialisation");
  // From 1: TensorFlow.js takes the seed 0 for none at all. A layer without weights shifts no other's.
  const seeds = layers.map(({ weights }) => (weights.length > 0 ? stream.integer(1, 2 ** 31 - 1) : 0));
  const overRuns = chainOverRuns(layers);
  const denseLayers = layers.flatMap(({ dense = [] }) => dense);
  return {
    inputShape,
    weights: layers.flatMap(({ weights }) => weights),
    nonTrainable: layers.flatMap(({ nonTrainable = [] }) => nonTrainable),
    hasTrainingMode: layers.some(({ hasTrainingMode }) => hasTrainingMode),
    ...(overRuns && { overRuns }),
    ...(denseLayers.length === layers.length && { denseLayers }),
    build(tools) {
      const input = tools.library.input({ shape: [...inputShape] });
      const outputs = layers.reduce(
        (x, layer, i) => layer.create(tools, seeds[i]!).apply(x) as tfl.SymbolicTensor,
        input,
      );
      const model = tools.library.model({ inputs: input, outputs });
      return { model, trained: model.trainableWeights, kept: model.nonTrainableWeights };
    },
  };
}

/** Keras's initializers of the variance scale/fan, fan being the inputs of a unit, or their mean with its outputs. */
const varianceScalings = {
  glorotUniform: { scale: 1, mode: "fanAvg", distribution: "uniform" },
  glorotNormal: { scale: 1, mode: "fanAvg", distribution: "normal" },
  heUniform: { scale: 2, mode: "fanIn", distribution: "uniform" },
  heNormal: { scale: 2, mode: "fanIn", distribution: "normal" },
  lecunUniform: { scale: 1, mode: "fanIn", distribution: "uniform" },
  lecunNormal: { scale: 1, mode: "fanIn", distribution: "normal" },
} as const;

const normals = { normal: "randomNormal", truncatedNormal: "truncatedNormal" } as const;

const initializerNames = [...(Object.keys(varianceScalings) as (keyof typeof varianceScalings)[]), "zeros"] as const;
type NormalName = keyof typeof normals;

const normalInitializer = z.strictObject({
  distribution: z
    .enum(Object.keys(normals) as [NormalName, ...NormalName[]])
    .describe("normal about 0, or the same without what is beyond two standard deviations"),
  standardDeviation: z.number().positive().describe("of the normal distribution, before what is beyond is left out"),
});

const initializerOption = z
  .union([z.enum(initializerNames), normalInitializer], {
    error: `expected ${initializerNames.join(", ")}, or {distribution, standardDeviation}`,
  })
  .default("glorotUniform")
  .describe("distribution of the initial weights, as Keras names it; the he ones are meant for relu");

/** How initial weights are drawn. */
export interface Initialisation {
  readonly initializer: z.infer<typeof initializerOption>;
  /** What they are multiplied by. */
  readonly initialScale: number;
  readonly biasInitializer?: z.infer<typeof normalInitializer> | undefined;
}

/** Activations by the names configs have for them, which are the library's. */
export const activations = ["relu", "tanh", "sigmoid", "gelu"] as const;

export type Activation = (typeof activations)[number] | "linear";

/** Those that are one operation. */
export type DenseActivation = Exclude<Activation, "gelu">;

/** The distributions of a layer's initial kernel and bias, as TensorFlow.js takes them. */
export function initializersOf(
  { library }: Toolbox,
  { initializer, initialScale, biasInitializer }: Initialisation,
  seed: number,
) {
  const { zeros, varianceScaling, ...others } = library.initializers;
  const normal = (
    { distribution, standardDeviation }: z.infer<typeof normalInitializer>,
    scale: number,
    seed: number,
  ) => others[normals[distribution]]({ mean: 0, stddev: scale * standardDeviation, seed });
  const kernel = () => {
    if (initializer === "zeros") return zeros();
    if (typeof initializer !== "string") return normal(initializer, initialScale, seed);
    const { scale, ...shared } = varianceScalings[initializer];
    return varianceScaling({ ...shared, scale: initialScale ** 2 * scale, seed });
  };
  return {
    kernelInitializer: kernel(),
    // A seed of its own: the same one would repeat the kernel's first entries.
    biasInitializer: biasInitializer ? normal(biasInitializer, 1, seed + 1) : zeros(),
  };
}

/** Options every network has. */
export const networkFields = {
  initializer: initializerOption,
  initialScale: z
    .number()
    .positive()
    .default(1)
    .describe("what the weights drawn from the initializer are multiplied by; biases are not"),
  biasInitializer: normalInitializer.optional().describe("distribution of the initial biases; default: all 0"),
  lossScale: lossScaleOption,
  bias: z.boolean().default(true).describe("whether layers have a bias"),
};

export interface DenseOptions extends Initialisation {
  readonly name: string;
  readonly inputs: number;
  readonly units: number;
  readonly activation: Activation;
  readonly bias: boolean;
}

/** A fully connected layer, activation(x·W + b), W of shape [inputs, units]. */
export function dense({ name, inputs, units, activation, bias, ...initialisation }: DenseOptions): NetworkLayer {
  const kernel: Layer = { name: `${name}/kernel`, shape: [inputs, units] };
  return {
    weights: bias ? [kernel, { name: `${name}/bias`, shape: [units] }] : [kernel],
    ...(activation !== "gelu" && { dense: { activation, bias } }),
    create: (tools, seed) =>
      tools.library.layers.dense({
        name,
        units,
        activation,
        useBias: bias,
        ...initializersOf(tools, initialisation, seed),
      }),
    overRuns({ core: tf, own }, [kernel, offset], x) {
      const product = tf.matMul(x, kernel!);
      return own.activated(activation, offset ? tf.add(product, tf.expandDims(offset, 1)) : product);
    },
  };
}

/**
 * Trains the network on the context's data set to the least mean softmax cross-entropy, multiplied by `lossScale`.
 *
 * @param constants of the loss before it is multiplied
 */
export function classification(
  network: Network,
  context: ProblemContext,
  { lossScale = 1, constants }: { readonly lossScale?: number; readonly constants?: KnownConstants } = {},
): Problem {
  const dataset = context.dataset!;
  return scaleLoss(lossScale, {
    layers: network.weights,
    ...(network.nonTrainable.length > 0 && { nonTrainable: network.nonTrainable }),
    hasTrainingMode: network.hasTrainingMode,
    examples: dataset.train.size,
    dataset,
    defaultPrecision: "float32",
    ...(constants && { constants }),
    async onTensors(algebra) {
      const { networkObjective } = await import("./network-objective.js");
      return networkObjective(algebra, network, context);
    },
    ofRuns: ofRuns(network, context),
  });
}

/** How the runs of a network train together, or why they cannot. */
function ofRuns(network: Network, context: ProblemContext): NonNullable<Problem["ofRuns"]> {
  const { overRuns, hasTrainingMode, nonTrainable } = network;
  if (!overRuns || hasTrainingMode || nonTrainable.length > 0) {
    return {
      obstacle: "their network has layers other than fully connected ones, which compute for one run at a time",
    };
  }
  if (context.dataset!.preparation?.augmentation)
    return { obstacle: "their examples are changed at random, for each run in its own way" };
  return async (algebra) => {
    const { objectiveOfRuns } = await import("./stacked-network.js");
    return objectiveOfRuns(algebra, { ...network, overRuns }, context);
  };
}
