import { z } from "zod";
import { commonFields, defineSchedule, positive } from "./schedule.js";

export const inverseTime = defineSchedule({
  name: "inverse-time",
  formula: "λ_k = initial/(1 + k/decaySteps)",
  version: 1,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("inverse-time"),
    ...commonFields,
    decaySteps: positive.default(1).describe("steps after which λ has halved"),
  }),
  at: ({ initial, decaySteps }, step) => initial / (1 + step / decaySteps),
});
