import { z } from "zod";
import { proportionalFields, proportionalUpdate, variants } from "./proportional-update.js";
import { defineOptimizer } from "./update-rule.js";

/** Eq. (1) in any norm: p = 1, 2 and "infinity" are `percent-delta`, `lars` and `proportional-infinity`. */
export const proportional = defineOptimizer({
  name: "proportional",
  summary: "proportional updates in the Lp norm, for any p from 1 to ∞",
  formula: "Δw = −λ·c·(‖w‖_p/‖g‖_p)·g",
  source: "arXiv:1801.03137, eq. (1)",
  version: 1,
  schema: z.strictObject({
    name: z.literal("proportional"),
    p: z
      .union([z.number().min(1), z.literal("infinity")])
      .default(2)
      .describe("p of the norms ‖x‖_p = (Σ|x_i|^p)^{1/p}: a number from 1 on, or infinity for the largest magnitude"),
    ...proportionalFields,
  }),
  variants: [
    { p: 1 },
    { p: 1.5 },
    { p: 3 },
    { p: 700 },
    { p: "infinity" },
    ...variants.map((options) => ({ p: 4, ...options })),
  ],
  create: ({ p, ...options }) => proportionalUpdate(options, p),
});
