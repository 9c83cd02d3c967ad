import {
  assuming,
  convex,
  fullBatch,
  heavyBall as heavyBallForm,
  knownOptimalValue,
  knownOptimum,
  singleBlock,
} from "./assumptions.js";
import { type BestGap, bestGapCheck, notNews, seeGap, unseen } from "./best-gap.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { known } from "./facts.js";
import { gradientNorm, gradientNormInRule, weightNormInRule, wholeOf } from "./measures.js";

interface Memory extends BestGap {
  largestGap: number;
  /** f(w_{k−1}) − f* */
  gap: number;
  /** Σ(s_k‖g_k‖₂)² */
  squaredSteps: number;
  /** Σs_k */
  rates: number;
  /** Σs_k(f(w_k) − f(w_{k−1})) */
  climbed: number;
}

const fresh: Memory = {
  ...unseen,
  largestGap: 0,
  gap: 0,
  squaredSteps: 0,
  rates: 0,
  climbed: 0,
};

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const checked = bestGapCheck(context);
  const { momentum, rate } = context.rule.form!.heavyBall!;
  const norm = context.rule.norm ?? 2;
  const optimalValue = Math.abs(known(context, "optimalValue"));
  const memory: Memory = { ...fresh, ...(state as Partial<Memory>) };
  const columns = [Number.NaN];

  /** (d_0² + Σ(s‖g‖/(1 − m))² − 2m/(1 − m)²·Σs·(f − f₋))/(2Σs/(1 − m)) */
  const bound = () => {
    const share = 1 - momentum;
    const climbed = (2 * momentum * memory.climbed) / share ** 2;
    return (memory.squaredDistance + memory.squaredSteps / share ** 2 - climbed) / ((2 * memory.rates) / share);
  };

  return {
    observe(record, check) {
      const gap = record.gap!;
      if (memory.initialGap === undefined) memory.gap = gap;
      seeGap(memory, record);
      memory.largestGap = Math.max(memory.largestGap, gap);
      if (!record.last) {
        const [w, g] = [weightNormInRule(record, whole, norm), gradientNormInRule(record, whole, norm)];
        const s = rate(record.learningRate, w, g);
        memory.squaredSteps += (s * gradientNorm(record, whole)) ** 2;
        memory.rates += s;
        memory.climbed += s * (gap - memory.gap);
        memory.gap = gap;
      }
      const cancelled = (momentum / (1 - momentum)) * (memory.largestGap + optimalValue);
      columns[0] = checked(memory, bound(), check, cancelled);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked: () => notNews,
  };
}

/**
 * T14, a posteriori: momentum's best iterate on a convex problem.
 *
 * Proof: docs/theory.md, T14. At m = 0 it is T3.
 */
export const heavyBall = defineBound({
  name: "heavy-ball",
  theorem: "T14",
  version: 1,
  statement:
    "min_{k<K} f(w_k) − f* ≤ (d_0² + Σ(s_k‖g_k‖₂/(1 − m))² − (2m/(1 − m)²)Σs_k(f(w_k) − f(w_{k−1})))/(2Σs_k/(1 − m))",
  ...assuming(heavyBallForm, fullBatch, singleBlock, convex, knownOptimum, knownOptimalValue),
  source:
    "the averaging argument of Ghadimi, Feyzmahdavian & Johansson, arXiv:1412.7457, for step sizes that change; proof in docs/theory.md",
  columns: [
    {
      name: "heavy_ball_bound",
      meaning: "a-posteriori bound on the smallest gap so far with momentum (T14)",
      formula:
        "(d_0² + Σ_{i≤k}(s_i‖g_i‖₂/(1 − m))² − (2m/(1 − m)²)Σ_{i≤k} s_i(f(w_i) − f(w_{i−1})))/(2Σ_{i≤k} s_i/(1 − m))",
      unit: "loss",
      drawnWith: "best_gap",
    },
  ],
  start,
});
