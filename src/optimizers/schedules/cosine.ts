import { z } from "zod";
import { commonFields, defineSchedule } from "./schedule.js";

export const cosine = defineSchedule({
  name: "cosine",
  formula: "λ_k = final + (initial − final)·(1 + cos(πk/K))/2",
  version: 1,
  monotone: true,
  schema: z.strictObject({
    schedule: z.literal("cosine"),
    ...commonFields,
    final: z.number().nonnegative().default(0).describe("λ_K, where the decay ends"),
  }),
  at: ({ initial, final }, k, steps) => final + ((initial - final) * (1 + Math.cos((Math.PI * k) / steps))) / 2,
});
