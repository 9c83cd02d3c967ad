import { z } from "zod";
import { imageSize } from "../data/dataset.js";
import { classification, dense, networkFields, stacked } from "./network.js";
import { defineProblem } from "./problem.js";

const schema = z.strictObject({
  name: z.literal("softmax-regression"),
  ...networkFields,
});

/** Multinomial logistic regression: convex, and without hidden layers the smallest network there is. */
export const softmaxRegression = defineProblem({
  name: "softmax-regression",
  summary: "multinomial logistic regression (convex), softmax cross-entropy",
  version: 1,
  formula: "f(W, b) = mean_i −log softmax(x_i·W + b)[y_i]",
  needsData: true,
  schema,
  create({ initializer, bias }, context) {
    const { classes } = context.dataset!;
    const inputs = imageSize(context.dataset!);
    const layer = dense({ name: "dense_1", inputs, units: classes, activation: "linear", initializer, bias });
    // Cross-entropy is not negative: T8 needs no more to apply than such a lower bound.
    return classification(stacked([inputs], [layer], context), context, { convex: true, infimum: 0 });
  },
});
