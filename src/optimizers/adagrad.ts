import { z } from "zod";
import { dividedByRoot, epsilonFields } from "./adaptive-scaling.js";
import { normRatio } from "./norm-ratio.js";
import { plainGradient } from "./sgd.js";
import { stepsUpTo } from "./step-length.js";
import { defineOptimizer } from "./update-rule.js";

/**
 * Adagrad: each entry of the gradient over the root of the sum of all its squares.
 *
 * |Δw_i| ≤ λ. *Proof.* The sum has g_i² in it. ∎ The first gradient attains it, ε = 0.
 */
export const adagrad = defineOptimizer({
  name: "adagrad",
  summary: "every entry over the root of the sum of its squares",
  formula: "v ← v + g²;  Δw = −λ·g/(√v + ε)",
  source: "Duchi, Hazan & Singer 2011, JMLR 12:2121",
  version: 1,
  schema: z.strictObject({
    name: z.literal("adagrad"),
    initialAccumulator: z.number().nonnegative().default(0).describe("v before the first step (optax, Keras: 0.1)"),
    ...epsilonFields(1e-10),
  }),
  variants: [{ initialAccumulator: 0.1 }, { epsilon: 0.1 }, { epsilonInRoot: true }],
  create: ({ initialAccumulator, ...epsilon }) => ({
    ...normRatio(2),
    equationOne: {
      holds: false,
      reason: "adagrad scales every entry by its own past gradients, so it is not equation (1)",
    },
    promises: { scaleInvariant: false, invariants: [stepsUpTo(1, "infinity")] },
    unscaled: plainGradient,
    initialState: (algebra, weights) => ({
      sumOfSquares: algebra.shift(algebra.zerosLike(weights), initialAccumulator),
    }),

    update(algebra, { gradient, learningRate, state }) {
      const sumOfSquares = algebra.add(state.sumOfSquares as typeof gradient, algebra.multiply(gradient, gradient));
      const direction = dividedByRoot(algebra, gradient, sumOfSquares, epsilon);
      return { update: algebra.scale(algebra.scalar(-learningRate), direction), state: { sumOfSquares } };
    },
  }),
});
