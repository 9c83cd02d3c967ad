import { z } from "zod";
import { larsConventions } from "./lars-conventions.js";
import { proportionalFields, proportionalUpdate, variants } from "./proportional-update.js";
import { defineOptimizer } from "./update-rule.js";

const { apex, timm } = larsConventions;
const { trustCoefficient, epsilon, zeroRule, clip, momentumOrder } = proportionalFields;

/**
 * LARS as NVIDIA's apex has it: the gradient is scaled, and an SGD with momentum goes on from there. Clipped, no layer's
 * step is longer than that of the SGD, Δw = −min(λ, c‖w‖/(‖g‖ + β‖w‖ + ε))·(g + βw); else it is that of LARS.
 *
 * Promised without momentum: clipped ‖Δw‖ ≤ c‖w‖ whatever λ, else ‖Δw‖ ≤ λc‖w‖. *Proof.* Both are at the promises of
 * the family in proportional-update.ts. ∎
 */
export const larc = defineOptimizer({
  name: "larc",
  summary: "proportional updates that are no longer than those of SGD (LARC)",
  formula: "Δw = −min(λ, c·‖w‖₂/(‖g‖₂ + β‖w‖₂ + ε))·(g + βw)",
  source: "NVIDIA apex, apex/parallel/LARC.py",
  version: 1,
  schema: z.strictObject({
    name: z.literal("larc"),
    ...proportionalFields,
    trustCoefficient: trustCoefficient.default(apex.options.trustCoefficient),
    epsilon: epsilon.default(apex.options.epsilon),
    zeroRule: zeroRule.default(apex.options.zeroRule),
    clip: clip.default(true),
    momentumOrder: momentumOrder.default(apex.options.momentumOrder),
  }),
  conventions: {
    apex: { source: "apex.parallel.LARC(clip=True) around torch.optim.SGD", options: {} },
    timm: { source: "timm.optim.Lars(trust_clip=True)", options: { ...timm.options, clip: true } },
  },
  variants: [...variants, { clip: false }, { clip: false, epsilon: 0 }],
  create: (options) => proportionalUpdate(options, 2),
});
