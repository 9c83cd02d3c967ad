import { z } from "zod";
import { adamEpsilon, adamRule, largestAdamStep } from "./adam-rule.js";
import { momentFields, momentsOf } from "./moments.js";
import { defineOptimizer } from "./update-rule.js";

/** Adam: each entry's average gradient over the root of its average square. */
export const adam = defineOptimizer({
  name: "adam",
  summary: "every entry scaled by its own past gradients",
  formula: "m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  Δw = −λ·m̂/(√v̂ + ε)",
  source: "Kingma & Ba, arXiv:1412.6980, algorithm 1; weight decay as in PyTorch",
  version: 2,
  schema: z.strictObject({
    name: z.literal("adam"),
    ...momentFields,
    epsilon: adamEpsilon,
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the gradient (adamw: to the step)"),
  }),
  variants: [
    { beta1: 0.5, beta2: 0.9 },
    { beta1: 0, beta2: 0.5 },
    { beta1: 0.9, beta2: 0.5 },
    { biasCorrection: false },
    { epsilon: 0.1 },
    { weightDecay: 0.1 },
  ],
  create: ({ weightDecay, ...options }) =>
    adamRule({
      name: "adam",
      options,
      largestStep: largestAdamStep(options),
      averages(algebra, input) {
        const { gradient, weights } = input;
        const decayed =
          weightDecay === 0 ? gradient : algebra.addScaled(gradient, algebra.scalar(weightDecay), weights);
        return momentsOf(algebra, options, input, decayed);
      },
    }),
});
