import { z } from "zod";
import { type LayerOption, layerOption, layersOf } from "./layers/stack.js";
import { activations, classification, networkFields, stacked } from "./network.js";
import { defineProblem } from "./problem.js";

/** Networks with a name, as their layers would be written in a config. */
const presets = {
  /** LeCun et al. 1998 with max pooling, the two last layers dense, and one logit a class. */
  lenet: [
    { layer: "conv", filters: 6, kernel: 5, padding: "same" },
    { layer: "max-pool" },
    { layer: "conv", filters: 16, kernel: 5 },
    { layer: "max-pool" },
    { layer: "dense", units: 120 },
    { layer: "dense", units: 84 },
  ],
} as const satisfies Readonly<Record<string, readonly z.input<typeof layerOption>[]>>;

const schema = z.strictObject({
  name: z.literal("cnn"),
  layers: z
    .union([z.enum(Object.keys(presets) as ["lenet"]), z.array(layerOption).min(1)], {
      error: "expected lenet, or a list of layers, each with its kind under layer",
    })
    .default("lenet")
    .describe(
      "lenet, or the layers from the image on: conv, max-pool, average-pool, batch-norm, activation, dropout, dense; a dense layer of one logit a class is added to them",
    ),
  activation: z.enum(activations).default("relu").describe("activation of the layers that name none"),
  ...networkFields,
});

const chosen = (layers: z.output<typeof schema>["layers"]): LayerOption[] =>
  typeof layers === "string" ? presets[layers].map((layer) => layerOption.parse(layer)) : layers;

/** A convolutional network; LeNet-5 unless told otherwise. */
export const cnn = defineProblem({
  name: "cnn",
  summary: "convolutional network of configured layers, softmax cross-entropy",
  version: 2,
  formula: "f(w) = mean_i −log softmax(net(x_i))[y_i],  net = affine ∘ layer ∘ … ∘ layer",
  needsData: true,
  schema,
  // Max pooling and relu have kinks.
  gradientJumps: () => true,
  create({ layers, lossScale, ...standard }, context) {
    const { height, width, channels = 1, classes } = context.dataset!;
    const image = [height, width, channels];
    const logits: LayerOption = { layer: "dense", units: classes, activation: "linear" };
    const stack = layersOf([...chosen(layers), logits], image, standard);
    return classification(stacked(image, stack, context), context, { lossScale });
  },
});
