import { z } from "zod";
import { classification, dense, networkFields } from "./network.js";
import { defineProblem } from "./problem.js";

const schema = z.strictObject({
  name: z.literal("softmax-regression"),
  ...networkFields,
});

/** Multinomial logistic regression: convex, and without hidden layers the smallest network there is. */
export const softmaxRegression = defineProblem({
  name: "softmax-regression",
  summary: "multinomial logistic regression (convex), softmax cross-entropy",
  version: 2,
  formula: "f(W, b) = mean_i −log softmax(x_i·W + b)[y_i]",
  needsData: true,
  schema,
  create({ initializer, bias }, context) {
    const { height, width, classes } = context.dataset!;
    const inputs = height * width;
    const layer = dense({ name: "dense_1", inputs, units: classes, activation: "linear", initializer, bias });
    // Cross-entropy is not negative: T8 needs no more to apply than such a lower bound.
    return classification({ inputShape: [inputs], layers: [layer] }, context, { convex: true, infimum: 0 });
  },
});
