import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { adapted, initialMoments, type MomentOptions, type Moments } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { stepsUpTo } from "./step-length.js";
import type { RuleInput, UpdateRule } from "./update-rule.js";

export const adamEpsilon = z.number().positive().default(1e-8).describe("ε: added to √v̂");

/** What a rule of Adam's family does its own way. */
interface AdamVariant {
  readonly name: string;
  readonly options: MomentOptions & { readonly epsilon: number };
  /** β of a decay βw that is added after the scaling (decoupled). */
  readonly weightDecay?: number;
  /** c of |Δw_i| ≤ c·λ_k, where there is one. */
  readonly largestStep: number | undefined;
  averages<V, S>(algebra: RuleAlgebra<V, S>, input: RuleInput<V, S>): Moments<V, S>;
}

/**
 * The c of |Δw_i| ≤ c·λ for Adam, c = (1 − β₁)/√((1 − β₂)(1 − β₁²/β₂)), at every step and for all gradients; 7.27 for
 * the default options. Undefined where β₁² ≥ β₂: there is none.
 *
 * *Proof.* After t steps m̂ = Σa_j·g_{t−j} and v̂ = Σb_j·g²_{t−j}, with a_j = (1 − β₁)β₁ʲ/(1 − β₁ᵗ), b_j likewise of β₂ and
 * 0 ≤ j < t. By Cauchy–Schwarz |m̂| ≤ √(Σa_j²/b_j)·√v̂, and with x = β₂ᵗ, y = (β₁²/β₂)ᵗ, √(xy) = β₁ᵗ
 *
 *     Σa_j²/b_j = c²·(1 − x)(1 − y)/(1 − √(xy))² ≤ c²,
 *
 * as x + y ≥ 2√(xy). Without the bias correction both divisors are missing, and Σa_j²/b_j = c²(1 − y). ε > 0 only
 * shortens steps. ∎ It is approached by gradients that grow by β₂/β₁ at every step, after many steps without any.
 *
 * Kingma & Ba (section 2.1) give max(1, (1 − β₁)/√(1 − β₂)), 3.16: that of a single gradient after none. Two in a row,
 * 0.9 and 1, already make 4.25.
 */
export function largestAdamStep({ beta1, beta2 }: Pick<MomentOptions, "beta1" | "beta2">): number | undefined {
  const ratio = beta1 === 0 ? 0 : beta1 ** 2 / beta2;
  return ratio < 1 ? (1 - beta1) / Math.sqrt((1 - beta2) * (1 - ratio)) : undefined;
}

type Scaling = typeof adapted;

function scaledBy(
  scaling: Scaling,
  { name, options, weightDecay = 0, averages, largestStep }: AdamVariant,
): UpdateRule {
  return {
    ...normRatio(2),
    equationOne: {
      holds: false,
      reason: `${name} scales every entry by its own past gradients, so it is not equation (1)`,
    },
    promises: {
      scaleInvariant: false,
      ...(weightDecay === 0 && largestStep !== undefined && { invariants: [stepsUpTo(largestStep, "infinity")] }),
    },
    initialState: initialMoments,

    update(algebra, input) {
      const { mean, meanSquare, state } = averages(algebra, input);
      const direction = scaling(algebra, mean, meanSquare, options.epsilon);
      const decayed =
        weightDecay === 0 ? direction : algebra.addScaled(direction, algebra.scalar(weightDecay), input.weights);
      return { update: algebra.scale(algebra.scalar(-input.learningRate), decayed), state };
    },
  };
}

/** A rule Δw = −λ·(m̂/(√v̂ + ε) + βw); unscaled it is −λ·m̂. */
export const adamRule = (variant: AdamVariant): UpdateRule => ({
  ...scaledBy(adapted, variant),
  unscaled: scaledBy((_, mean) => mean, { ...variant, weightDecay: 0, largestStep: undefined }),
});
