import { z } from "zod";
import { power } from "../../base/power.js";
import { commonFields, defineSchedule, positive } from "./schedule.js";

export const step = defineSchedule({
  name: "step",
  formula: "λ_k = initial·factor^(number of milestones ≤ k)",
  version: 2,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("step"),
    ...commonFields,
    factor: positive.max(1).default(0.1).describe("what λ is multiplied by at each milestone"),
    milestones: z.array(z.int().positive()).min(1).describe("the steps at which λ falls"),
  }),
  at: ({ initial, factor, milestones }, k) =>
    initial * power(factor, milestones.filter((milestone) => milestone <= k).length),
});
