import { z } from "zod";
import { imageSize } from "../data/dataset.js";
import { classification, dense, networkFields, stacked } from "./network.js";
import { defineProblem } from "./problem.js";

const schema = z.strictObject({
  name: z.literal("mlp"),
  hidden: z.array(z.int().positive()).min(1).default([300, 100]).describe("units of each hidden layer"),
  activation: z.enum(["relu", "tanh", "sigmoid"]).default("relu").describe("activation of the hidden layers"),
  ...networkFields,
});

/** The multi-layer perceptron 784-300-100-10 of LeCun et al. 1998, unless told otherwise. */
export const mlp = defineProblem({
  name: "mlp",
  summary: "multi-layer perceptron, softmax cross-entropy",
  version: 2,
  formula: "f(w) = mean_i −log softmax(net(x_i))[y_i],  net = affine ∘ (activation ∘ affine)…",
  needsData: true,
  schema,
  gradientJumps: ({ activation }) => activation === "relu",
  create({ hidden, activation, lossScale, initializer, initialScale, biasInitializer, bias }, context) {
    const { classes } = context.dataset!;
    const pixels = imageSize(context.dataset!);
    const units = [...hidden, classes];
    const layers = units.map((count, i) =>
      dense({
        initializer,
        initialScale,
        biasInitializer,
        bias,
        name: `dense_${i + 1}`,
        inputs: i === 0 ? pixels : units[i - 1]!,
        units: count,
        activation: i < hidden.length ? activation : "linear",
      }),
    );
    return classification(stacked([pixels], layers, context), context, { lossScale });
  },
});
