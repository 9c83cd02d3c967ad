import { z } from "zod";
import { blockLayers } from "./blocks.js";
import { largestCurvature } from "./least-squares-solution.js";
import { meanFeatureNorm } from "./linear-model.js";
import { lossScaleOption } from "./loss-scale.js";
import { checkLength } from "./points.js";
import { defineProblem } from "./problem.js";
import {
  generatedRegressionOption,
  interceptSwitch,
  linearModelOptions,
  regressionExamples,
  regressionOutline,
} from "./regression-data.js";
import { gemanMcClureLoss } from "./regression-losses.js";
import { regressionProblem } from "./regression-problem.js";

const schema = z
  .strictObject({
    name: z.literal("robust-regression"),
    blocks: z
      .array(z.number().int().positive())
      .min(1)
      .default([5, 3, 2])
      .describe("Sizes of the layers into which the weights are cut."),
    scale: z.number().positive().default(1).describe("c: residuals well beyond it no longer count."),
    data: generatedRegressionOption,
    ...linearModelOptions,
    intercept: interceptSwitch,
    lossScale: lossScaleOption,
  })
  .superRefine(({ blocks, data, start }, context) => {
    const dimension = Array.isArray(data.weights) ? data.weights.length : data.weights.dimension;
    const total = blocks.reduce((sum, size) => sum + size, 0);
    checkLength(start, dimension, "start", context);
    if (total === dimension) return;
    context.addIssue({
      code: "custom",
      path: ["blocks"],
      message: `the blocks hold ${total} weights but data.weights has ${dimension}: make them agree`,
    });
  });

/**
 * Regression with the loss of Geman and McClure in several layers: not convex, yet smooth everywhere with a known L, as
 * |ℓ''| ≤ ℓ''(0) = 1, so that T8 applies.
 */
export const robustRegression = defineProblem({
  name: "robust-regression",
  summary: "Geman–McClure regression in several layers: smooth with a known L, not convex",
  version: 2,
  formula: "f(w) = mean_i ½r_i²/(1 + (r_i/c)²), r_i = x_i·w − y_i, w = (w¹, w², …)",
  needsData: false,
  schema,
  outline: (options) => regressionOutline(options, blockLayers(options.blocks)),
  async create(options, context) {
    const examples = await regressionExamples(options, context);
    const { features, exactWeights } = examples;
    const { scale, blocks } = options;
    const model = { examples, loss: gemanMcClureLoss(scale), ridge: 0, layers: blockLayers(blocks) };
    const constants = {
      convex: false,
      smoothness: largestCurvature(features),
      // |ℓ'| is largest at r = c/√3, where it is 9c/(16√3).
      gradientBound: ((9 * scale) / (16 * Math.sqrt(3))) * meanFeatureNorm(features),
      infimum: 0,
      ...(exactWeights && { optimum: exactWeights, optimalValue: 0, optimumSource: "by construction" }),
    };
    return regressionProblem(model, constants, options, context);
  },
});
