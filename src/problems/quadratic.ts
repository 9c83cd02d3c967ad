import { z } from "zod";
import { singleLayer } from "./blocks.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { checkLength, optimumOption, optimumPoint, startNearOptimum, startPoint } from "./points.js";
import { defineProblem } from "./problem.js";
import { adversarialDirection, denseNumbers, type Eigensystem, quadraticForm } from "./quadratic-form.js";
import { haarRotation } from "./random-geometry.js";
import { checkCondition, explicitSpectrum, spacedEigenvalues, spacedSpectrumOptions } from "./spectrum.js";

const schema = z
  .strictObject({
    name: z.literal("quadratic"),
    dimension: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("Number of weights; default: the spectrum's length, or 10."),
    spectrum: explicitSpectrum.optional().describe("The eigenvalues of H, instead of conditionNumber."),
    ...spacedSpectrumOptions,
    conditionNumber: spacedSpectrumOptions.conditionNumber
      .optional()
      .describe("κ = L/μ; the eigenvalues lie between μ and κμ. Default, without a spectrum: 10."),
    rotation: z
      .enum(["none", "random"])
      .default("random")
      .describe("Eigenvectors of H: the coordinate axes, or Haar-distributed."),
    optimum: optimumOption,
    start: startNearOptimum,
    lossScale: lossScaleOption,
  })
  .superRefine((options, context) => {
    const dimension = dimensionOf(options);
    checkLength(options.spectrum, dimension, "spectrum", context);
    checkLength(options.optimum, dimension, "optimum", context);
    checkLength(options.start, dimension, "start", context);
    if (!options.spectrum) checkCondition(dimension, conditionNumberOf(options), context);
    if (options.spectrum && options.conditionNumber !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["conditionNumber"],
        message: "the spectrum determines the condition number: give one of them",
      });
    }
  });

type Options = z.infer<typeof schema>;

function dimensionOf({ dimension, spectrum }: Pick<Options, "dimension" | "spectrum">): number {
  return dimension ?? spectrum?.length ?? 10;
}

function conditionNumberOf(options: Options): number {
  return options.conditionNumber ?? (dimensionOf(options) === 1 ? 1 : 10);
}

function eigenvaluesOf(options: Options): Float64Array {
  if (options.spectrum) return Float64Array.from(options.spectrum);
  const { spacing, strongConvexity } = options;
  return spacedEigenvalues({
    dimension: dimensionOf(options),
    conditionNumber: conditionNumberOf(options),
    spacing,
    strongConvexity,
  });
}

/** The strongly convex quadratic of T3–T7, with everything about it known. */
export const quadratic = defineProblem({
  name: "quadratic",
  summary: "Strongly convex quadratic with a chosen spectrum and optimum",
  version: 1,
  formula: "f(w) = ½(w − w*)ᵀH(w − w*)",
  needsData: false,
  schema,
  outline(options) {
    const dimension = dimensionOf(options);
    return {
      layers: singleLayer(dimension),
      numbers: options.rotation === "random" ? denseNumbers(dimension) : dimension,
    };
  },
  create(options, context) {
    const dimension = dimensionOf(options);
    const stream = context.stream("problem");
    // Drawn first, so that w* does not depend on the rotation.
    const optimum = optimumPoint(options.optimum, dimension, stream);
    const hessian: Eigensystem = {
      eigenvalues: eigenvaluesOf(options),
      ...(options.rotation === "random" && { eigenvectors: haarRotation(dimension, stream) }),
    };
    const start = startPoint(options.start, {
      dimension,
      optimum,
      stream: context.stream("initialisation"),
      adversarialDirection: adversarialDirection(hessian),
    });
    return scaleLoss(options.lossScale, quadraticForm({ layers: singleLayer(dimension), hessian, optimum, start }));
  },
});
