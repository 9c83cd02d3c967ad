import { z } from "zod";
import { solveLeastSquares } from "./least-squares-solution.js";
import { hostFunction, outputsOf } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { dimensionOf } from "./points.js";
import { defineProblem } from "./problem.js";
import {
  linearLayers,
  linearModelOptions,
  regressionExamples,
  regressionOutline,
  ridgeOption,
  severalTargetsDataOption,
} from "./regression-data.js";
import { squaredLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z
  .strictObject({
    name: z.literal("least-squares"),
    data: severalTargetsDataOption,
    ...linearModelOptions,
    ridge: ridgeOption.default(0),
    lossScale: lossScaleOption,
  })
  .superRefine(({ data }, context) => {
    if (data.source === "csv" || Number.isInteger(dimensionOf(data.weights, data.outputs ?? 1))) return;
    context.addIssue({
      code: "custom",
      path: ["data", "weights"],
      message: `the list has not the same number of weights for each of ${data.outputs} outputs: give, row by row, one number an output`,
    });
  });

/** Linear regression: smooth, and strongly convex where the features have full column rank or a ridge is added. */
export const leastSquares = defineProblem({
  name: "least-squares",
  summary: "Linear regression, of one or several outputs, on generated data or a CSV file",
  version: 1,
  formula: "f(W) = (1/2n)‖XW − Y‖_F² + (ridge/2)‖W‖_F²",
  needsData: false,
  predicts: "numbers",
  schema,
  outline: (options) => regressionOutline(options),
  async create(options, context) {
    const { ridge } = options;
    const examples = await regressionExamples(options, context);
    const solution = solveLeastSquares(examples, ridge);
    // The weights the targets were made from, where nothing was added to them, are exact; the solver's are rounded.
    const exact = ridge === 0 && solution.smallest > 0 ? examples.exactWeights : undefined;
    const optimum = exact ?? solution.optimum;
    const layers = linearLayers(examples.features.columns, options.intercept, outputsOf(examples));
    const model = { examples, loss: squaredLoss, ridge, layers };
    const optimalValue = hostFunction(model)(optimum).value;
    const strongConvexity = solution.smallest + ridge;
    const constants = {
      convex: true,
      smoothness: solution.largest + ridge,
      ...(strongConvexity > 0 && { strongConvexity }),
      optimum,
      optimalValue,
      infimum: optimalValue,
      optimumSource: exact ? "by construction" : "singular value decomposition",
      quadratic: true,
    };
    return regressionProblem(model, constants, options, context);
  },
});
