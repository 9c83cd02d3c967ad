import { z } from "zod";
import { dense } from "../network.js";
import { activationOption, biasOption, count, defineLayerKind, type Place, type Shaped } from "./layer-kind.js";

/** In training, each entry becomes 0 with probability `rate`, else it is divided by 1 − rate. */
export const dropout = defineLayerKind({
  kind: "dropout",
  schema: z.strictObject({
    layer: z.literal("dropout"),
    rate: z.number().min(0).lt(1).default(0.5).describe("probability of an entry to become 0 in training"),
  }),
  shaped: ({ rate }, { name, input }) => ({
    output: input,
    layer: { weights: [], hasTrainingMode: true, create: ({ own }) => new own.Dropout({ name, rate }) },
  }),
});

/** An activation by itself, as after batch normalisation. */
export const activation = defineLayerKind({
  kind: "activation",
  schema: z.strictObject({ layer: z.literal("activation"), activation: activationOption }),
  shaped({ activation: own }, { name, input, standard }) {
    const activation = own ?? standard.activation;
    return {
      output: input,
      layer: {
        weights: [],
        create: ({ library }) => library.layers.activation({ name, activation }),
        overRuns: ({ own }, _, x) => own.activated(activation, x),
      },
    };
  },
});

/** A fully connected layer. */
export const fullyConnected = defineLayerKind({
  kind: "dense",
  schema: z.strictObject({
    layer: z.literal("dense"),
    units: count.describe("number of its outputs"),
    activation: activationOption,
    bias: biasOption,
  }),
  takes: "vector",
  shaped({ units, activation, bias }, { name, input, standard }) {
    const chosen = { activation: activation ?? standard.activation, bias: bias ?? standard.bias };
    return {
      output: [units],
      layer: dense({ ...standard, ...chosen, name, inputs: input[0]!, units }),
    };
  },
});

/** Rows, columns and channels as one axis. */
export const flattening = ({ name, input }: Pick<Place, "name" | "input">): Shaped => ({
  output: [input.reduce((product, length) => product * length, 1)],
  layer: {
    weights: [],
    create: ({ library }) => library.layers.flatten({ name }),
    overRuns: ({ core: tf }, _, x) => tf.reshape(x, [x.shape[0]!, x.shape[1]!, -1]),
  },
});
