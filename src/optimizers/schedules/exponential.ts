import { z } from "zod";
import { power } from "../../base/power.js";
import { commonFields, defineSchedule, positive } from "./schedule.js";

export const exponential = defineSchedule({
  name: "exponential",
  formula: "λ_k = initial·factor^(k/decaySteps)",
  version: 2,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("exponential"),
    ...commonFields,
    factor: positive.max(1).describe("what λ is multiplied by every decaySteps steps"),
    decaySteps: positive.default(1).describe("steps per factor"),
  }),
  at: ({ initial, factor, decaySteps }, step) => initial * power(factor, step / decaySteps),
});
