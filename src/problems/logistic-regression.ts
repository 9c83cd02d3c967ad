import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { float64 } from "../compute/float64.js";
import { largestCurvature } from "./least-squares-solution.js";
import { hostFunction, type LinearModel, meanFeatureNorm } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { minimiseByNewton, type NewtonResult } from "./newton.js";
import { defineProblem } from "./problem.js";
import {
  classificationDataOption,
  classificationExamples,
  linearLayers,
  linearModelOptions,
  regressionOutline,
  ridgeOption,
} from "./regression-data.js";
import { logisticLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z.strictObject({
  name: z.literal("logistic-regression"),
  data: classificationDataOption,
  ...linearModelOptions,
  ridge: ridgeOption.default(0.01),
  lossScale: lossScaleOption,
});

/** ∂²/∂z² log(1 + e^{−yz}) = σ(z)σ(−z), at most 1/4 */
function curvature(prediction: number): number {
  const decay = Math.exp(-Math.abs(prediction));
  return decay / (1 + decay) ** 2;
}

/** Two-class logistic regression: smooth, and strongly convex with a ridge. */
export const logisticRegression = defineProblem({
  name: "logistic-regression",
  summary: "Two-class logistic regression on generated data or a CSV file",
  version: 1,
  formula: "f(w) = mean_i log(1 + exp(−y_i x_i·w)) + (ridge/2)‖w‖₂², y_i = ±1",
  needsData: false,
  predicts: "two classes",
  schema,
  outline: (options) => regressionOutline(options),
  async create(options, context) {
    const { ridge } = options;
    const examples = await classificationExamples(options, context);
    const { features } = examples;
    const model = { examples, loss: logisticLoss, ridge, layers: linearLayers(features.columns, options.intercept) };
    const solution = minimiseByNewton(model, curvature, new Float64Array(features.columns));
    checkMinimiser(model, solution);
    const optimalValue = hostFunction(model)(solution.optimum).value;
    const constants = {
      convex: true,
      smoothness: largestCurvature(features) / 4 + ridge,
      ...(ridge > 0 ? { strongConvexity: ridge } : { gradientBound: meanFeatureNorm(features) }),
      optimum: solution.optimum,
      optimalValue,
      infimum: optimalValue,
      optimumSource: `Newton, ‖∇f(w*)‖₂ = ${solution.gradientNorm.toExponential(1)}`,
    };
    return regressionProblem(model, constants, options, context);
  },
});

/**
 * Without a ridge, separable data have no minimiser: f falls to 0 at infinity, where the gradient vanishes too. Newton's
 * steps do not become small on the way there.
 */
function checkMinimiser(
  { examples, ridge }: LinearModel,
  { optimum, converged, stepNorm, gradientNorm }: NewtonResult,
) {
  const predictions = float64.multiplyMatrix(examples.features, optimum);
  const separates = predictions.every((prediction, i) => prediction * examples.targets[i]! > 0);
  const settled = stepNorm <= 1e-6 * Math.max(1, float64.norm(optimum, 2));
  if (ridge === 0 && (separates || !settled)) {
    throw new ExperimentError(
      "logistic-regression has no minimiser: a hyperplane separates the two classes; set problem.ridge above 0 or use more examples",
    );
  }
  if (converged) return;
  throw new ExperimentError(
    `logistic-regression: Newton's method ended at ‖∇f‖₂ = ${gradientNorm.toExponential(1)} without reaching 1e-12; rescale the features or raise problem.ridge`,
  );
}
