import {
  alongGradient,
  assuming,
  convex,
  fullBatch,
  knownOptimalValue,
  knownOptimum,
  singleBlock,
} from "./assumptions.js";
import { type BestGap, bestGapCheck, notNews, seeGap, unseen } from "./best-gap.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { gradientNorm, updateNorm, wholeOf } from "./measures.js";

interface Memory extends BestGap {
  /** Ση_k² */
  squaredSteps: number;
  /** Σs_k */
  effectiveRates: number;
}

const fresh: Memory = { ...unseen, squaredSteps: 0, effectiveRates: 0 };

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const checked = bestGapCheck(context);
  const memory: Memory = { ...fresh, ...(state as Partial<Memory>) };
  const columns = [Number.NaN, Number.NaN];
  return {
    observe(record, check) {
      seeGap(memory, record);
      const gradient = gradientNorm(record, whole);
      if (!record.last && gradient > 0) {
        const step = updateNorm(record, whole);
        memory.squaredSteps += step ** 2;
        memory.effectiveRates += step / gradient;
      }
      const bound = (memory.squaredDistance + memory.squaredSteps) / (2 * memory.effectiveRates);
      columns[0] = memory.bestGap;
      columns[1] = checked(memory, bound, check);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked: () => notNews,
  };
}

/**
 * T3, a posteriori: the best iterate of a convex problem, from the steps as they were made; any rule that steps along
 * the gradient.
 *
 * Proof: docs/theory.md, T3.
 */
export const bestIterate = defineBound({
  name: "best-iterate",
  theorem: "T3",
  version: 2,
  statement: "min_{k<K} f(w_k) − f* ≤ (d_0² + Σ_{k<K} η_k²)/(2Σ_{k<K} s_k)",
  ...assuming(alongGradient, fullBatch, singleBlock, convex, knownOptimum, knownOptimalValue),
  source: "the classical subgradient bound; proof in docs/theory.md",
  columns: [
    {
      name: "best_gap",
      meaning: "smallest gap so far, this step included",
      formula: "min_{i≤k} f(w_i) − f*",
      unit: "loss",
    },
    {
      name: "best_iterate_bound",
      meaning: "a-posteriori bound on best_gap (T3)",
      formula: "(d_0² + Σ_{i≤k} η_i²)/(2Σ_{i≤k} s_i), s_i = η_i/‖g_i‖₂",
      unit: "loss",
      drawnWith: "best_gap",
    },
  ],
  start,
});
