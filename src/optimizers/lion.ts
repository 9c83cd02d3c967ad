import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { movingAverage } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { signsOf } from "./signs.js";
import { stepsOf } from "./step-length.js";
import { defineOptimizer, type UpdateRule } from "./update-rule.js";

interface Options {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
}

type Direction = <V, S>(algebra: RuleAlgebra<V, S>, average: V) => V;

const along = (direction: Direction, { beta1, beta2, weightDecay }: Options): UpdateRule => ({
  ...normRatio(2),
  equationOne: { holds: false, reason: "lion steps by the same length in every entry, so it is not equation (1)" },
  promises: {
    scaleInvariant: true,
    ...(weightDecay === 0 && { invariants: [stepsOf("infinity")] }),
  },
  initialState: (algebra, weights) => ({ mean: algebra.zerosLike(weights) }),

  update(algebra, { weights, gradient, learningRate, state }) {
    const mean = state.mean as typeof gradient;
    const step = direction(algebra, movingAverage(algebra, beta1, mean, gradient));
    const decayed = weightDecay === 0 ? step : algebra.addScaled(step, algebra.scalar(weightDecay), weights);
    return {
      update: algebra.scale(algebra.scalar(-learningRate), decayed),
      state: { mean: movingAverage(algebra, beta2, mean, gradient) },
    };
  },
});

/** Lion: the sign of an average gradient in which the last one counts more than in what is remembered. |Δw_i| = λ. */
export const lion = defineOptimizer({
  name: "lion",
  summary: "the signs of an average gradient, found by program search",
  formula: "Δw = −λ·(sign(β₁m + (1 − β₁)g) + βw);  m ← β₂m + (1 − β₂)g",
  source: "Chen et al., arXiv:2302.06675, algorithm 2",
  version: 1,
  schema: z.strictObject({
    name: z.literal("lion"),
    beta1: z.number().nonnegative().lt(1).default(0.9).describe("β₁ of the average whose sign is taken"),
    beta2: z.number().nonnegative().lt(1).default(0.99).describe("β₂ of the average that is remembered"),
    weightDecay: z.number().nonnegative().default(0).describe("β: λ·β·w is taken off the weights (optax: 1e-3)"),
  }),
  variants: [{ beta1: 0.5 }, { beta2: 0.5 }, { weightDecay: 0.1 }],
  create: (options) => ({
    ...along(signsOf, options),
    unscaled: {
      ...along((_, average) => average, { ...options, weightDecay: 0 }),
      promises: { scaleInvariant: false },
    },
  }),
});
