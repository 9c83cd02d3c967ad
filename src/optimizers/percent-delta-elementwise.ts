import { z } from "zod";
import { type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { plainGradient } from "./sgd.js";
import { defineOptimizer } from "./update-rule.js";

/** mean_i |a_i/(w_i + sign(w_i)·ε)|, with sign(0) = 1 */
function meanRelativeSize<V, S>(algebra: RuleAlgebra<V, S>, a: V, weights: V, epsilon: number): S {
  const away =
    epsilon === 0 ? weights : algebra.addScaled(weights, algebra.scalar(epsilon), algebra.signOrOne(weights));
  return algebra.mean(algebra.absolute(algebra.divide(a, away)));
}

/**
 * The smallest ε at which float32 runs follow each other from backend to backend (to 5e-5 over 40 steps of a network). A
 * rounding error u·|w| ≈ 1e-8 of a weight within ε of 0 changes its quotient g_i/(w_i ± ε) by up to 1e-8/ε, and such a
 * quotient can be a large part of the mean.
 */
const comparableEpsilon = 1e-4;

/** PercentDelta as first published: scaled by the mean relative change of the single weights (T10). */
export const percentDeltaElementwise = defineOptimizer({
  name: "percent-delta-elementwise",
  summary: "PercentDelta as first published: the mean relative change of the weights is λ",
  formula: "Δw = −λ·g/(mean_i |g_i/(w_i + sign(w_i)·ε)| + δ)",
  source: "Abu-El-Haija, arXiv:1708.07227",
  version: 2,
  schema: z.strictObject({
    name: z.literal("percent-delta-elementwise"),
    epsilon: z
      .number()
      .nonnegative()
      .default(1e-6)
      .describe(
        "ε: keeps weights at 0 from dividing by 0 (sign(0) = 1); below 1e-4 float32 runs of networks part between backends within a few steps",
      ),
    denominatorEpsilon: z
      .number()
      .nonnegative()
      .default(0)
      .describe("δ: added to the mean (1e-5 in google/asymproj_edge_dnn); above 0 the change is no longer exactly λ"),
  }),
  variants: [{ epsilon: 0 }, { epsilon: 0.1 }, { denominatorEpsilon: 1e-3 }],
  create: ({ epsilon, denominatorEpsilon }) => ({
    promises: {
      againstGradient: true,
      form: { alongGradient: true },
      scaleInvariant: denominatorEpsilon === 0,
      proportion: { coefficient: 1, is: denominatorEpsilon === 0 ? "exactly" : "at most" },
    },
    unscaled: plainGradient,
    equationOne: {
      holds: false,
      reason: "the rule scales by the mean relative change of the entries, so it is not equation (1)",
    },
    ...(denominatorEpsilon === 0 && { elementwise: true as const }),
    ...(epsilon < comparableEpsilon && {
      magnifiesRounding: `with epsilon ${epsilon} weights near 0 dominate the mean, rounding errors and all; from ${comparableEpsilon} on backends can be compared`,
    }),
    proportion: (algebra, weights, update) => meanRelativeSize(algebra, update, weights, epsilon),

    update(algebra, { weights, gradient, learningRate, state }) {
      // The rule is blind to the gradient's scale, and quotients g_i/w_i of a unit gradient do not overflow.
      const largest = algebra.norm(gradient, "infinity");
      const vanishing = algebra.scalar(smallestNormal[algebra.precision]);
      const unit = algebra.divideBy(gradient, algebra.ifLess(largest, vanishing, algebra.scalar(1), largest));
      const mean = meanRelativeSize(algebra, unit, weights, epsilon);
      const factor = algebra.over(
        algebra.scalar(-learningRate),
        denominatorEpsilon === 0 ? mean : algebra.plus(mean, algebra.over(algebra.scalar(denominatorEpsilon), largest)),
      );
      // A vanished gradient leaves the weights where they are; NaN compares false and so stays visible.
      return { update: algebra.scale(algebra.ifLess(mean, vanishing, algebra.scalar(0), factor), unit), state };
    },
  }),
});
