import { z } from "zod";
import { singleLayer } from "./blocks.js";
import { solveLeastSquares } from "./least-squares-solution.js";
import { hostFunction } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { defineProblem } from "./problem.js";
import {
  linearModelOptions,
  regressionDataOption,
  regressionExamples,
  regressionOutline,
  ridgeOption,
} from "./regression-data.js";
import { squaredLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z.strictObject({
  name: z.literal("least-squares"),
  data: regressionDataOption,
  ...linearModelOptions,
  ridge: ridgeOption.default(0),
  lossScale: lossScaleOption,
});

/** Linear regression: smooth, and strongly convex where the features have full column rank or a ridge is added. */
export const leastSquares = defineProblem({
  name: "least-squares",
  summary: "Linear regression on generated data or a CSV file",
  version: 1,
  formula: "f(w) = (1/2n)‖Xw − y‖₂² + (ridge/2)‖w‖₂²",
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
    const model = { examples, loss: squaredLoss, ridge, layers: singleLayer(optimum.length) };
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
