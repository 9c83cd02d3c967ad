import { z } from "zod";
import { adamEpsilon, adamRule, largestAdamStep } from "./adam-rule.js";
import { momentFields, momentsOf } from "./moments.js";
import { defineOptimizer } from "./update-rule.js";

/** Adam with decoupled weight decay: the decay is not scaled. */
export const adamw = defineOptimizer({
  name: "adamw",
  summary: "Adam with a weight decay that is not scaled",
  formula: "m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  Δw = −λ·(m̂/(√v̂ + ε) + βw)",
  source: "Loshchilov & Hutter, arXiv:1711.05101, algorithm 2; λ before the decay as in PyTorch and optax",
  version: 2,
  schema: z.strictObject({
    name: z.literal("adamw"),
    ...momentFields,
    epsilon: adamEpsilon,
    weightDecay: z.number().nonnegative().default(0.01).describe("β: λ·β·w is taken off the weights (optax: 1e-4)"),
  }),
  variants: [
    { beta1: 0.5, beta2: 0.9 },
    { biasCorrection: false },
    { epsilon: 0.1 },
    { weightDecay: 0.1 },
    { weightDecay: 0 },
  ],
  create: ({ weightDecay, ...options }) =>
    adamRule({
      name: "adamw",
      options,
      weightDecay,
      largestStep: largestAdamStep(options),
      averages: (algebra, input) => momentsOf(algebra, options, input, input.gradient),
    }),
});
