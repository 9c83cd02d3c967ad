import { z } from "zod";
import { adamEpsilon, adamRule, largestAdamStep } from "./adam-rule.js";
import { momentFields, momentsOf, weightsSum } from "./moments.js";
import { defineOptimizer } from "./update-rule.js";

const { beta1, beta2 } = momentFields;

/**
 * The c of |Δw_i| ≤ c·λ for NAdam: 1 + β₁ times Adam's.
 *
 * *Proof.* Of the two terms of the numerator the first is β₁·m̂·(1 − β₁ᵗ)/(1 − β₁ᵗ⁺¹), at most β₁|m̂|, and the second what
 * the last gradient alone adds to m̂. Adam's bound holds for both. ∎
 */
function largestStep(options: { beta1: number; beta2: number }): number | undefined {
  const adam = largestAdamStep(options);
  return adam && (1 + options.beta1) * adam;
}

/** Adam with Nesterov's look-ahead: the average gradient as it will be at the next step if the gradient stays. */
export const nadam = defineOptimizer({
  name: "nadam",
  summary: "Adam with Nesterov's look-ahead",
  formula: "m and v as in adam, t = k + 1;  Δw = −λ·(β₁m/(1 − β₁ᵗ⁺¹) + (1 − β₁)g/(1 − β₁ᵗ))/(√v̂ + ε)",
  source: "Dozat 2016, with a constant β₁ as in optax",
  version: 2,
  schema: z.strictObject({ name: z.literal("nadam"), beta1, beta2, epsilon: adamEpsilon }),
  variants: [{ beta1: 0.5 }, { beta2: 0.9 }, { epsilon: 0.1 }],
  create: (options) =>
    adamRule({
      name: "nadam",
      options: { ...options, biasCorrection: true },
      largestStep: largestStep(options),
      averages(algebra, input) {
        const { gradient, step } = input;
        const { beta1 } = options;
        const { meanSquare, state } = momentsOf(algebra, { ...options, biasCorrection: true }, input, gradient);
        const now = algebra.scale(algebra.scalar((1 - beta1) / weightsSum(beta1, step)), gradient);
        const ahead = algebra.scalar(beta1 / weightsSum(beta1, step + 1));
        return { mean: algebra.addScaled(now, ahead, state.mean as typeof gradient), meanSquare, state };
      },
    }),
});
