import { z } from "zod";
import { type MomentumOptions, momentumFields, velocityOf } from "./momentum.js";
import { normRatio } from "./norm-ratio.js";
import { defineOptimizer, type Form, type UpdateRule } from "./update-rule.js";

interface Options extends MomentumOptions {
  readonly weightDecay: number;
}

/** Without weight decay: along the gradient, or the heavy ball with s = λ. */
function formOf({ momentum, nesterov }: MomentumOptions): Form {
  if (momentum === 0) return { alongGradient: true };
  return nesterov ? {} : { heavyBall: { momentum, rate: (learningRate) => learningRate, constantRate: true } };
}

const gradientDescent = (options: Options): UpdateRule => ({
  equationOne: { holds: false, reason: "sgd's step is proportional to the gradient, so it is not equation (1)" },
  promises: {
    ...(options.weightDecay === 0 && { againstGradient: true, form: formOf(options) }),
    scaleInvariant: false,
  },
  proportion: normRatio(2).proportion,
  ...(options.momentum > 0 && { initialState: (algebra, weights) => ({ velocity: algebra.zerosLike(weights) }) }),

  update(algebra, { weights, gradient, learningRate, state }) {
    const rate = algebra.scalar(-learningRate);
    const decayed =
      options.weightDecay === 0 ? gradient : algebra.addScaled(gradient, algebra.scalar(options.weightDecay), weights);
    if (options.momentum === 0) return { update: algebra.scale(rate, decayed), state };
    const { direction, velocity } = velocityOf(algebra, options, state, decayed);
    return { update: algebra.scale(rate, direction), state: { velocity } };
  },
});

/** Δw = −λ·v with v ← m·v + g: what is left of a rule with momentum where nothing scales it. */
export const unscaledGradient = (momentum: MomentumOptions): UpdateRule =>
  gradientDescent({ ...momentum, weightDecay: 0 });

/** Δw = −λ·g */
export const plainGradient = unscaledGradient({ momentum: 0, nesterov: false });

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
  variants: [{ momentum: 0.9 }, { momentum: 0.9, nesterov: true }, { weightDecay: 0.01 }],
  create: (options) => ({ ...gradientDescent(options), unscaled: unscaledGradient(options) }),
});
