import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { dividedByRoot, epsilonFields } from "./adaptive-scaling.js";
import { movingAverage } from "./moments.js";
import { momentumFields, velocityOf } from "./momentum.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { stepsUpTo } from "./step-length.js";
import { defineOptimizer, type RuleInput } from "./update-rule.js";

/** v − ḡ², the variance where the average is taken off; no rounding makes it negative. */
const variance = <V, S>(algebra: RuleAlgebra<V, S>, meanSquare: V, mean: V): V =>
  algebra.clip(algebra.subtract(meanSquare, algebra.multiply(mean, mean)), 0, Number.POSITIVE_INFINITY);

/**
 * RMSProp: each entry of the gradient over the root of its average square.
 *
 * |Δw_i| ≤ λ/√(1 − ρ), and with momentum m, λ/((1 − m)√(1 − ρ)); not where the average is taken off.
 *
 * *Proof.* v ≥ (1 − ρ)g², so |u_i| ≤ 1/√(1 − ρ), and the velocity is at most Σmʲ = 1/(1 − m) times that; with Nesterov's
 * look-ahead m/(1 − m) + 1, the same. ∎ One gradient after none attains it, ε = 0.
 */
export const rmsprop = defineOptimizer({
  name: "rmsprop",
  summary: "every entry over the root of its average square",
  formula: "v ← ρv + (1 − ρ)g²;  u = g/(√v + ε);  Δw = −λ·u, with momentum −λ·(m·velocity + u)",
  source: "Tieleman & Hinton 2012, lecture 6.5; centred: Graves, arXiv:1308.0850; momentum as in PyTorch",
  version: 1,
  schema: z.strictObject({
    name: z.literal("rmsprop"),
    decay: z.number().nonnegative().lt(1).default(0.9).describe("ρ of the averages (PyTorch: 0.99)"),
    ...epsilonFields(1e-8),
    centred: z.boolean().default(false).describe("take the squared average gradient off the average square"),
    ...momentumFields,
  }),
  variants: [
    { decay: 0.99 },
    { decay: 0 },
    { epsilon: 0.1 },
    { epsilonInRoot: true },
    { centred: true },
    { momentum: 0.9 },
    { momentum: 0.9, nesterov: true, centred: true },
  ],
  create: ({ decay, centred, epsilon, epsilonInRoot, ...momentum }) => ({
    ...normRatio(2),
    equationOne: {
      holds: false,
      reason: "rmsprop scales every entry by its own past gradients, so it is not equation (1)",
    },
    promises: {
      scaleInvariant: false,
      ...(!centred && {
        invariants: [stepsUpTo(1 / (Math.sqrt(1 - decay) * (1 - momentum.momentum)), "infinity")],
      }),
    },
    unscaled: unscaledGradient(momentum),
    initialState(algebra, weights) {
      const zeros = () => algebra.zerosLike(weights);
      return {
        meanSquare: zeros(),
        ...(centred && { mean: zeros() }),
        ...(momentum.momentum > 0 && { velocity: zeros() }),
      };
    },

    update<V, S>(algebra: RuleAlgebra<V, S>, { gradient, learningRate, state }: RuleInput<V, S>) {
      const rate = algebra.scalar(-learningRate);
      const meanSquare = movingAverage(algebra, decay, state.meanSquare as V, algebra.multiply(gradient, gradient));
      const mean = centred ? movingAverage(algebra, decay, state.mean as V, gradient) : undefined;
      const square = mean === undefined ? meanSquare : variance(algebra, meanSquare, mean);
      const increment = dividedByRoot(algebra, gradient, square, { epsilon, epsilonInRoot });
      const averages = { meanSquare, ...(mean !== undefined && { mean }) };
      if (momentum.momentum === 0) return { update: algebra.scale(rate, increment), state: averages };
      const { direction, velocity } = velocityOf(algebra, momentum, state, increment);
      return { update: algebra.scale(rate, direction), state: { ...averages, velocity } };
    },
  }),
});
