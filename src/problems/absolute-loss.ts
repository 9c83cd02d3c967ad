import { z } from "zod";
import { leastAbsoluteDeviations } from "./least-absolute-deviations.js";
import { hostFunction, type LinearModel, meanFeatureNorm } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { defineProblem } from "./problem.js";
import {
  linearLayers,
  linearModelOptions,
  type RegressionExamples,
  regressionDataOption,
  regressionExamples,
  regressionOutline,
} from "./regression-data.js";
import { absoluteLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z.strictObject({
  name: z.literal("absolute-loss"),
  data: regressionDataOption,
  ...linearModelOptions,
  lossScale: lossScaleOption,
});

/** Least absolute deviations: convex with bounded subgradients, neither smooth nor strongly convex. */
export const absoluteLossRegression = defineProblem({
  name: "absolute-loss",
  summary: "Least absolute deviations regression: convex, not smooth, bounded subgradients",
  version: 1,
  formula: "f(w) = mean_i |x_i·w − y_i|",
  needsData: false,
  predicts: "numbers",
  schema,
  gradientJumps: () => true,
  outline: (options) => regressionOutline(options),
  async create(options, context) {
    const examples = await regressionExamples(options, context);
    const { features } = examples;
    const model = { examples, loss: absoluteLoss, ridge: 0, layers: linearLayers(features.columns, options.intercept) };
    const constants = { convex: true, gradientBound: meanFeatureNorm(features), ...minimiser(model, examples) };
    return regressionProblem(model, constants, options, context);
  },
});

function minimiser(model: LinearModel, examples: RegressionExamples) {
  const solution = examples.exactWeights
    ? { optimum: examples.exactWeights, source: "by construction" }
    : certifiedMinimiser(examples);
  // f ≥ 0 still bounds f from below.
  if (!solution)
    return { infimum: 0, optimumSource: "none: no minimiser could be certified (tied or dependent examples)" };
  const optimalValue = hostFunction(model)(solution.optimum).value;
  return { optimum: solution.optimum, optimalValue, infimum: optimalValue, optimumSource: solution.source };
}

function certifiedMinimiser(examples: RegressionExamples) {
  const solution = leastAbsoluteDeviations(examples);
  if (!solution) return undefined;
  const { optimum, multiplier } = solution;
  return { optimum, source: `exchange of fitted rows, 0 ∈ ∂f(w*) with multipliers up to ${multiplier.toFixed(6)}` };
}
