import { z } from "zod";
import { power } from "../../base/power.js";
import { commonFields, defineSchedule, positive } from "./schedule.js";

/** The authors' schedule is power 2 to 0. */
export const polynomial = defineSchedule({
  name: "polynomial",
  formula: "λ_k = final + (initial − final)·(1 − k/K)^power",
  version: 2,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("polynomial"),
    ...commonFields,
    final: z.number().nonnegative().default(0).describe("λ_K, where the decay ends"),
    power: positive.default(2).describe("exponent of the decay"),
  }),
  at: ({ initial, final, power: exponent }, step, steps) =>
    final + (initial - final) * power(1 - step / steps, exponent),
});
