import { z } from "zod";
import { type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { adapted, initialMoments, momentFields, momentsOf } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { atWeightsLength } from "./trust-ratio.js";
import { defineOptimizer } from "./update-rule.js";

/** g/‖g‖₂, or 0 where the gradient has vanished. */
function unit<V, S>(algebra: RuleAlgebra<V, S>, gradient: V): V {
  const size = algebra.norm(gradient, 2);
  const vanishing = algebra.scalar(smallestNormal[algebra.precision]);
  return algebra.divideBy(gradient, algebra.ifLess(size, vanishing, algebra.scalar(1), size));
}

/**
 * LANS: LAMB on gradients of length 1, with Nesterov's look-ahead.
 *
 * Promised: ‖Δw‖₂ ≤ λ‖w‖₂. *Proof.* Δw/−λ is β₁a + (1 − β₁)b with two vectors a, b of the norm ‖w‖ (or 0, where their
 * direction is 0), and norms are convex. ∎ It is blind to the scale of the loss, ε included, since ‖ĝ‖ = 1.
 */
export const lans = defineOptimizer({
  name: "lans",
  summary: "LAMB on normalised gradients, with Nesterov's look-ahead (LANS)",
  formula: "ĝ = g/‖g‖₂;  u = m̂/(√v̂ + ε) + βw, u' = ĝ/(√v̂ + ε) + βw;  Δw = −λ‖w‖₂·(β₁·u/‖u‖₂ + (1 − β₁)·u'/‖u'‖₂)",
  source: "Zheng et al., arXiv:2006.13484, algorithm 2",
  version: 2,
  schema: z.strictObject({
    name: z.literal("lans"),
    ...momentFields,
    epsilon: z.number().nonnegative().default(1e-6).describe("ε of m̂/(√v̂ + ε)"),
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to both directions"),
    zeroRule: z
      .enum(["stay", "one"])
      .default("stay")
      .describe("the trust ratio of a direction where its norm or ‖w‖ is 0: 0, or 1"),
  }),
  variants: [
    { epsilon: 0.1, beta1: 0.8, beta2: 0.9 },
    { weightDecay: 0.1 },
    { zeroRule: "one", biasCorrection: false },
  ],
  create: (options) => ({
    equationOne: { holds: false, reason: "lans' directions are Adam's, not the gradient, so it is not equation (1)" },
    promises: { scaleInvariant: true, proportion: { coefficient: 1, is: "at most" } },
    unscaled: unscaledGradient({ momentum: options.beta1, nesterov: true }),
    ...normRatio(2),
    initialState: initialMoments,

    update(algebra, input) {
      const { weights, learningRate } = input;
      const { beta1, epsilon, weightDecay } = options;
      const gradient = unit(algebra, input.gradient);
      const { mean, meanSquare, state } = momentsOf(algebra, options, input, gradient);
      /** −λ·share·‖w‖·u/‖u‖ with u = a/(√v̂ + ε) + βw */
      const part = (share: number, a: typeof weights) => {
        const direction = algebra.addScaled(
          adapted(algebra, a, meanSquare, epsilon),
          algebra.scalar(weightDecay),
          weights,
        );
        const step = atWeightsLength(algebra, weights, direction, options);
        return algebra.scale(algebra.scalar(-learningRate * share), step);
      };
      return { update: algebra.add(part(beta1, mean), part(1 - beta1, gradient)), state };
    },
  }),
});
