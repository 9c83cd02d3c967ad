import { z } from "zod";
import { smallestNormal } from "../compute/algebra.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { defineOptimizer, type Invariant } from "./update-rule.js";

/**
 * NovoGrad: momentum of gradients divided by an average of their norms, one for the whole layer.
 *
 * Promised without weight decay: ‖Δw‖₂ ≤ λ/((1 − β₁)√(1 − β₂)), with averaging λ/√(1 − β₂). *Proof.* v ≥ (1 − β₂)‖g‖²
 * at every step (v = ‖g‖² at the first), so that no increment g/(√v + ε) is longer than 1/√(1 − β₂); m is a sum of
 * these with weights β₁ⁱ, which come to less than 1/(1 − β₁). ∎
 */
export const novograd = defineOptimizer({
  name: "novograd",
  summary: "momentum of gradients that are divided by the average of their norms (NovoGrad)",
  formula: "v ← β₂v + (1 − β₂)‖g‖₂²;  m ← β₁m + g/(√v + ε) + βw;  Δw = −λ·m",
  source: "Ginsburg et al., arXiv:1905.11286, algorithm 1",
  version: 1,
  schema: z.strictObject({
    name: z.literal("novograd"),
    beta1: z.number().nonnegative().lt(1).default(0.95).describe("β₁ of m, the momentum of normalised gradients"),
    beta2: z.number().nonnegative().lt(1).default(0.98).describe("β₂ of v, the average of ‖g‖²; v = ‖g‖² at first"),
    epsilon: z.number().nonnegative().default(1e-8).describe("ε of g/(√v + ε)"),
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the normalised gradient"),
    averaging: z.boolean().default(false).describe("whether what is added to m is multiplied by 1 − β₁"),
  }),
  conventions: {
    paper: { source: "arXiv:1905.11286, algorithm 1", options: {} },
    optax: { source: "optax.novograd", options: { beta1: 0.9, beta2: 0.25, epsilon: 1e-6 } },
    timm: { source: "timm.optim.NvNovoGrad", options: {} },
  },
  variants: [{ beta1: 0.8, beta2: 0.5 }, { epsilon: 0 }, { weightDecay: 0.1 }, { averaging: true }],
  create({ beta1, beta2, epsilon, weightDecay, averaging }) {
    const share = averaging ? 1 - beta1 : 1;
    const longest = share / ((1 - beta1) * Math.sqrt(1 - beta2));
    const bounded: Invariant = {
      statement: averaging ? "‖Δw‖₂ ≤ λ/√(1 − β₂)" : "‖Δw‖₂ ≤ λ/((1 − β₁)√(1 − β₂))",
      measure: (algebra, { update }) => algebra.norm(update, 2),
      range: (rate) => [0, rate * longest],
    };
    return {
      equationOne: { holds: false, reason: "novograd's step does not depend on ‖w‖, so it is not equation (1)" },
      promises: {
        ...(weightDecay === 0 && { againstGradient: true, invariants: [bounded] }),
        scaleInvariant: epsilon === 0,
      },
      unscaled: unscaledGradient({ momentum: beta1, nesterov: false }),
      ...normRatio(2),
      initialState: (algebra, weights) => ({ mean: algebra.zerosLike(weights), square: algebra.scalar(0) }),

      update(algebra, { weights, gradient, learningRate, step, state }) {
        const { scalar, plus, times } = algebra;
        type Scalar = ReturnType<typeof scalar>;
        const size = algebra.norm(gradient, 2);
        const now = times(size, size);
        const square =
          step === 0 ? now : plus(times(scalar(beta2), state.square as Scalar), times(scalar(1 - beta2), now));
        const denominator = plus(algebra.root(square), scalar(epsilon));
        // Nothing but zero gradients so far: they stay 0.
        const vanishing = scalar(smallestNormal[algebra.precision]);
        const unit = algebra.divideBy(gradient, algebra.ifLess(denominator, vanishing, scalar(1), denominator));
        const increment = weightDecay === 0 ? unit : algebra.addScaled(unit, scalar(weightDecay), weights);
        const shared = share === 1 ? increment : algebra.scale(scalar(share), increment);
        const mean = algebra.addScaled(shared, scalar(beta1), state.mean as typeof weights);
        return { update: algebra.scale(scalar(-learningRate), mean), state: { mean, square } };
      },
    };
  },
});
