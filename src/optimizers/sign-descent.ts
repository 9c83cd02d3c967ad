import { z } from "zod";
import { directedDescent, directedFields } from "./directed-descent.js";
import { signsOf } from "./signs.js";
import { defineOptimizer } from "./update-rule.js";

/** Sign descent: every weight moves by λ, |Δw_i| = λ, against the sign of its gradient. */
export const signDescent = defineOptimizer({
  name: "sign-descent",
  summary: "every weight moves by λ against the sign of its gradient (signSGD; with β Signum)",
  formula: "m ← βm + (1 − β)g;  Δw = −λ·sign(m)",
  source: "Bernstein et al., arXiv:1802.04434, algorithms 1 and 2",
  version: 1,
  schema: z.strictObject({ name: z.literal("sign-descent"), ...directedFields }),
  variants: [{ beta: 0.9 }],
  create: ({ beta }) =>
    directedDescent({
      beta,
      norm: "infinity",
      equationOne: {
        holds: false,
        reason: "sign-descent steps by the same length in every entry, so it is not equation (1)",
      },
      direction: signsOf,
    }),
});
