import { z } from "zod";
import { commonFields, defineSchedule } from "./schedule.js";

export const constant = defineSchedule({
  name: "constant",
  formula: "λ_k = initial",
  version: 1,
  monotone: true,
  schema: z.strictObject({ schedule: z.literal("constant"), ...commonFields }),
  at: ({ initial }) => initial,
});
