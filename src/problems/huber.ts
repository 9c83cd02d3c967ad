import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { largestCurvature, solveLeastSquares } from "./least-squares-solution.js";
import { hostFunction, type LinearModel, meanFeatureNorm } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { minimiseByNewton } from "./newton.js";
import { defineProblem } from "./problem.js";
import {
  linearLayers,
  linearModelOptions,
  regressionDataOption,
  regressionExamples,
  regressionOutline,
} from "./regression-data.js";
import { huberLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z.strictObject({
  name: z.literal("huber"),
  threshold: z.number().positive().default(1).describe("δ: residuals beyond it count linearly."),
  data: regressionDataOption,
  ...linearModelOptions,
  lossScale: lossScaleOption,
});

/** Huber regression: convex and smooth with bounded gradients, not strongly convex. */
export const huber = defineProblem({
  name: "huber",
  summary: "Huber regression: convex, smooth, bounded gradients",
  version: 1,
  formula: "f(w) = mean_i h(x_i·w − y_i), h(r) = ½r² for |r| ≤ δ, δ(|r| − δ/2) beyond",
  needsData: false,
  predicts: "numbers",
  schema,
  outline: (options) => regressionOutline(options),
  async create(options, context) {
    const { threshold } = options;
    const examples = await regressionExamples(options, context);
    const { features } = examples;
    const model = {
      examples,
      loss: huberLoss(threshold),
      ridge: 0,
      layers: linearLayers(features.columns, options.intercept),
    };
    const { optimum, source } = examples.exactWeights
      ? { optimum: examples.exactWeights, source: "by construction" }
      : minimiser(model, threshold);
    const optimalValue = hostFunction(model)(optimum).value;
    const constants = {
      convex: true,
      smoothness: largestCurvature(features),
      gradientBound: threshold * meanFeatureNorm(features),
      optimum,
      optimalValue,
      infimum: optimalValue,
      optimumSource: source,
    };
    return regressionProblem(model, constants, options, context);
  },
});

function minimiser(model: LinearModel, threshold: number) {
  const curvature = (prediction: number, target: number) => Number(Math.abs(prediction - target) <= threshold);
  const start = solveLeastSquares(model.examples, 0).optimum;
  const { optimum, gradientNorm, converged } = minimiseByNewton(model, curvature, start);
  const residual = `‖∇f‖₂ = ${gradientNorm.toExponential(1)}`;
  if (converged) return { optimum, source: `Newton, ${residual} at w*` };
  throw new ExperimentError(
    `huber: Newton's method ended at ${residual} without reaching 1e-12; raise problem.threshold or rescale the features`,
  );
}
