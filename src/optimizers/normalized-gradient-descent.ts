import { z } from "zod";
import { smallestNormal } from "../compute/algebra.js";
import { directedDescent, directedFields } from "./directed-descent.js";
import { defineOptimizer } from "./update-rule.js";

/** Normalized gradient descent: ‖Δw‖₂ = λ. Equation (1) without the ‖w‖ of its trust ratio. */
export const normalizedGradientDescent = defineOptimizer({
  name: "normalized-gradient-descent",
  summary: "steps of length λ along the gradient, whatever its size",
  formula: "m ← βm + (1 − β)g;  Δw = −λ·m/‖m‖₂",
  source: "Nesterov 1984; Hazan, Levy & Shalev-Shwartz, arXiv:1507.02030; β: Cutkosky & Mehta, arXiv:2002.03305",
  version: 1,
  schema: z.strictObject({ name: z.literal("normalized-gradient-descent"), ...directedFields }),
  variants: [{ beta: 0.9 }],
  create: ({ beta }) =>
    directedDescent({
      beta,
      norm: 2,
      againstGradient: true,
      equationOne: {
        holds: false,
        reason: "normalized-gradient-descent makes steps of length λ, whatever the weights, so it is not equation (1)",
      },
      direction(algebra, average) {
        const length = algebra.norm(average, 2);
        const vanishing = algebra.scalar(smallestNormal[algebra.precision]);
        const [zero, one] = [algebra.scalar(0), algebra.scalar(1)];
        // Where there is no direction no step is made; NaN compares false and so stays visible.
        const unit = algebra.divideBy(average, algebra.ifLess(length, vanishing, one, length));
        return algebra.scale(algebra.ifLess(length, vanishing, zero, one), unit);
      },
    }),
});
