import { z } from "zod";
import { blockLayers } from "./blocks.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { checkLength, optimumOption, optimumPoint, startNearOptimum, startPoint } from "./points.js";
import { defineProblem } from "./problem.js";
import { adversarialDirection, denseNumbers, quadraticForm } from "./quadratic-form.js";
import { haarRotation } from "./random-geometry.js";
import { spacedEigenvalues, spacedSpectrumOptions } from "./spectrum.js";

const schema = z
  .strictObject({
    name: z.literal("block-quadratic"),
    blocks: z
      .array(z.number().int().positive())
      .min(2, { error: "block-quadratic needs two or more blocks; for one, use the problem quadratic" })
      .default([5, 3, 2])
      .describe("Sizes of the layers."),
    ...spacedSpectrumOptions,
    conditionNumber: spacedSpectrumOptions.conditionNumber.default(10),
    optimum: optimumOption,
    start: startNearOptimum,
    lossScale: lossScaleOption,
  })
  .superRefine((options, context) => {
    checkLength(options.optimum, total(options.blocks), "optimum", context);
    checkLength(options.start, total(options.blocks), "start", context);
  });

function total(blocks: readonly number[]): number {
  return blocks.reduce((sum, size) => sum + size, 0);
}

/** A quadratic cut into layers, for T8; a Haar-distributed eigenbasis couples each with every other. */
export const blockQuadratic = defineProblem({
  name: "block-quadratic",
  summary: "Strongly convex quadratic in several coupled layers",
  version: 1,
  formula: "f(w) = ½(w − w*)ᵀH(w − w*), w = (w¹, w², …)",
  needsData: false,
  schema,
  outline: ({ blocks }) => ({ layers: blockLayers(blocks), numbers: denseNumbers(total(blocks)) }),
  create(options, context) {
    const dimension = total(options.blocks);
    const stream = context.stream("problem");
    const optimum = optimumPoint(options.optimum, dimension, stream);
    const hessian = {
      eigenvalues: spacedEigenvalues({ ...options, dimension }),
      eigenvectors: haarRotation(dimension, stream),
    };
    const start = startPoint(options.start, {
      dimension,
      optimum,
      stream: context.stream("initialisation"),
      adversarialDirection: adversarialDirection(hessian),
    });
    return scaleLoss(
      options.lossScale,
      quadraticForm({ layers: blockLayers(options.blocks), hessian, optimum, start }),
    );
  },
});
