import { z } from "zod";
import type { Algebra, Precision } from "../compute/algebra.js";
import { singleLayer } from "./blocks.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { checkLength, startAnywhere, startPoint } from "./points.js";
import { analyticProblem, defineProblem } from "./problem.js";
import { denseNumbers, type Eigensystem, entriesOf, extremes, hessianOn } from "./quadratic-form.js";
import { haarRotation } from "./random-geometry.js";
import { checkCondition, spacedEigenvalues, spacedSpectrumOptions } from "./spectrum.js";

const schema = z
  .strictObject({
    name: z.literal("rayleigh-quotient"),
    dimension: z.number().int().min(2).default(10).describe("Number of weights."),
    ...spacedSpectrumOptions,
    conditionNumber: spacedSpectrumOptions.conditionNumber.default(10),
    rotation: z
      .enum(["none", "random"])
      .default("random")
      .describe("Eigenvectors of H: the coordinate axes, or Haar-distributed."),
    start: startAnywhere,
    lossScale: lossScaleOption,
  })
  .superRefine(({ dimension, start, conditionNumber }, context) => {
    checkLength(start, dimension, "start", context);
    checkCondition(dimension, conditionNumber, context);
  });

/** What is left of Hw across w is a rounding error, of which no digit counts, where it is smaller than this share of Hw. */
const rounding: Readonly<Record<Precision, number>> = { float64: 2 ** -47, float32: 2 ** -18 };

/**
 * Half the Rayleigh quotient of a matrix: a loss that does not depend on the length of the weights, as that of layers
 * before a normalisation. Its gradient is at right angles to the weights, and its minimisers are the eigenvectors of the
 * smallest eigenvalue, of any length.
 */
export const rayleighQuotient = defineProblem({
  name: "rayleigh-quotient",
  summary: "Half the Rayleigh quotient, a loss that is invariant under scaling of the weights (T15)",
  version: 2,
  formula: "f(w) = ½wᵀHw/‖w‖₂²",
  needsData: false,
  schema,
  outline: ({ dimension, rotation }) => ({
    layers: singleLayer(dimension),
    numbers: rotation === "none" ? dimension : denseNumbers(dimension),
  }),
  create(options, context) {
    const { dimension, rotation } = options;
    const hessian: Eigensystem = {
      eigenvalues: spacedEigenvalues(options),
      ...(rotation === "random" && { eigenvectors: haarRotation(dimension, context.stream("problem")) }),
    };
    const start = startPoint(options.start, { dimension, stream: context.stream("initialisation") });
    const minimum = extremes(hessian.eigenvalues).smallest / 2;
    const constants = { convex: false, optimalValue: minimum, infimum: minimum, scaleInvariant: true };
    const entries = entriesOf(hessian);
    const problem = analyticProblem({ layers: singleLayer(dimension), constants }, <V, S>(algebra: Algebra<V, S>) => {
      const { scalar, scale, divideBy, addScaled, minus, times, norm, dot, ifLess, precision } = algebra;
      const operator = hessianOn(algebra, hessian.eigenvalues, entries);
      return {
        initialWeights: () => [algebra.vector(start)],
        lossAndGradients(weights) {
          const w = weights[0] as V;
          const length = norm(w, 2);
          const unit = divideBy(w, length);
          const image = operator.apply(unit);
          /** a without its part along w */
          const across = (a: V) => addScaled(a, minus(scalar(0), dot(unit, a)), unit);
          const rest = across(image);
          const isNoise = (then: S, otherwise: S) =>
            ifLess(norm(rest, 2), times(scalar(rounding[precision]), norm(image, 2)), then, otherwise);
          // Near an eigenvector digits cancel; what rounding leaves along w is taken away once more.
          const gradient = scale(isNoise(scalar(0), scalar(1)), divideBy(across(rest), length));
          return { loss: times(scalar(0.5), dot(unit, image)), gradients: [gradient] };
        },
        dispose: () => algebra.dispose([operator.entries]),
      };
    });
    return scaleLoss(options.lossScale, problem);
  },
});
