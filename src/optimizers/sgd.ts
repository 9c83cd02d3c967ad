import { z } from "zod";
import { momentumFields, velocityOf } from "./momentum.js";
import { defineOptimizer } from "./update-rule.js";

/** Stochastic gradient descent: the step is proportional to the gradient, not to the weights. */
export const sgd = defineOptimizer({
  name: "sgd",
  summary: "gradient descent with momentum, Nesterov momentum and weight decay",
  formula: "v ← m·v + g + βw;  Δw = −λ·v  (Nesterov: −λ·(m·v + g + βw))",
  source: "Robbins & Monro 1951; momentum as in PyTorch (λ outside the velocity)",
  version: 1,
  schema: z.strictObject({
    name: z.literal("sgd"),
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the gradient"),
    ...momentumFields,
  }),
  create: (options) => ({
    equationOne: { holds: false, reason: "sgd's step is proportional to the gradient, so it is not equation (1)" },
    proportion: (algebra, weights, update) => algebra.over(algebra.norm(update, 2), algebra.norm(weights, 2)),
    ...(options.momentum > 0 && { initialState: (algebra, weights) => ({ velocity: algebra.zerosLike(weights) }) }),

    update(algebra, { weights, gradient, learningRate, state }) {
      const rate = algebra.scalar(-learningRate);
      const decayed =
        options.weightDecay === 0
          ? gradient
          : algebra.addScaled(gradient, algebra.scalar(options.weightDecay), weights);
      if (options.momentum === 0) return { update: algebra.scale(rate, decayed), state };
      const { direction, velocity } = velocityOf(algebra, options, state, decayed);
      return { update: algebra.scale(rate, direction), state: { velocity } };
    },
  }),
});
