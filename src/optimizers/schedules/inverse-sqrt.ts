import { z } from "zod";
import { commonFields, defineSchedule, positive } from "./schedule.js";

export const inverseSqrt = defineSchedule({
  name: "inverse-sqrt",
  formula: "λ_k = initial/√(1 + k/decaySteps)",
  version: 1,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("inverse-sqrt"),
    ...commonFields,
    decaySteps: positive.default(1).describe("steps after which λ has fallen by the factor 1/√2"),
  }),
  at: ({ initial, decaySteps }, step) => initial / Math.sqrt(1 + step / decaySteps),
});
