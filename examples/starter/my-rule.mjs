// A rule of your own. The config beside this file names it under `plugins`, and then by its name like any other.
// Change it, and its runs are made anew: the hash of this file is part of what a run is known by.
import { defineOptimizer, z } from "run-experiment/plugin";

/** Proportional updates along the mean of the gradients so far, in which older ones count less and less. */
export default defineOptimizer({
  name: "my-rule",
  summary: "proportional updates along a moving average of the gradient",
  formula: "m ← βm + (1 − β)g;  Δw = −λ·(‖w‖₂/‖m‖₂)·m",
  source: "this file",
  version: 1,
  // What a config can set, with defaults; zod checks it, and says what is wrong.
  schema: z.strictObject({
    name: z.literal("my-rule"),
    beta: z.number().nonnegative().lt(1).default(0.9).describe("β: how much of the average is kept at each step"),
  }),
  create: ({ beta }) => ({
    // Whether each step is Δw = −λ(‖w‖/‖g‖)g, on which most of the theorems rest; if not, why.
    equationOne: { holds: false, reason: "my-rule goes along an average of gradients, so it is not equation (1)" },
    // What holds at every step, however large weights and gradients are; `ruleChecks` of run-experiment/testing tries it.
    promises: { againstGradient: true, scaleInvariant: true, proportion: { coefficient: 1, is: "exactly" } },
    norm: 2,
    proportion: (algebra, weights, update) => algebra.over(algebra.norm(update, 2), algebra.norm(weights, 2)),
    // What the rule remembers between steps, for each layer: saved in checkpoints, and by name.
    initialState: (algebra, weights) => ({ average: algebra.zerosLike(weights) }),
    // Written in the algebra, the rule runs in float64 on the host and in float32 on every backend.
    update(algebra, { weights, gradient, learningRate, state }) {
      const share = algebra.scale(algebra.scalar(1 - beta), gradient);
      const average = algebra.addScaled(share, algebra.scalar(beta), state.average);
      const size = algebra.norm(average, 2);
      // An average of 0 has no direction: 0/1, so that no step is made.
      const direction = algebra.divideBy(average, algebra.ifLess(algebra.scalar(0), size, size, algebra.scalar(1)));
      const length = algebra.times(algebra.scalar(-learningRate), algebra.norm(weights, 2));
      return { update: algebra.scale(length, direction), state: { average } };
    },
  }),
});
