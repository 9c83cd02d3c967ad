import {
  assuming,
  boundedGradients,
  convex,
  equationOne,
  fullBatch,
  inNorm,
  knownOptimalValue,
  knownOptimum,
  singleBlock,
} from "./assumptions.js";
import { type BestGap, bestGapCheck, notNews, seeGap, unseen } from "./best-gap.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { known, ruleOf } from "./facts.js";
import { weightNorm, wholeOf } from "./measures.js";

interface Memory extends BestGap {
  /** m_k = ‖w_0‖₂Π(1 − λ_i) */
  smallestNorm: number;
  /** M_k = ‖w_0‖₂Π(1 + λ_i) */
  largestNorm: number;
  /** Σλ_k²M_k² */
  squaredSteps: number;
  /** Σλ_km_k */
  steps: number;
}

const fresh: Memory = {
  ...unseen,
  smallestNorm: 0,
  largestNorm: 0,
  squaredSteps: 0,
  steps: 0,
};

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const { coefficient } = ruleOf(context);
  const checked = bestGapCheck(context);
  const gradientBound = known(context, "gradientBound");
  const memory: Memory = { ...fresh, ...(state as Partial<Memory>) };
  const columns = [Number.NaN];
  return {
    observe(record, check) {
      if (memory.initialGap === undefined) memory.smallestNorm = memory.largestNorm = weightNorm(record, whole);
      seeGap(memory, record);
      if (!record.last) {
        const rate = record.learningRate * coefficient;
        memory.squaredSteps += (rate * memory.largestNorm) ** 2;
        memory.steps += rate * memory.smallestNorm;
        memory.largestNorm *= 1 + rate;
        memory.smallestNorm *= Math.max(0, 1 - rate);
      }
      const bound = (gradientBound * (memory.squaredDistance + memory.squaredSteps)) / (2 * memory.steps);
      columns[0] = checked(memory, bound, check);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked: () => notNews,
  };
}

/**
 * T3, a priori: from ‖w_0‖₂, d_0 and the schedule alone. In place of one m ≤ ‖w_k‖₂ ≤ M for the whole run it takes
 * those of every step, m_k = ‖w_0‖₂Π_{i<k}(1 − λ_i) and M_k = ‖w_0‖₂Π_{i<k}(1 + λ_i), which the norm growth of T1
 * guarantees.
 *
 * Proof: docs/theory.md, T3.
 *
 * M_k/m_k grows like exp(2Σλ_i), so the bound is at its best near Σλ_i ≈ 1 and useless long after. It is checked only
 * while it is below the gap of the start.
 */
export const bestIterateAPriori = defineBound({
  name: "best-iterate-a-priori",
  theorem: "T3",
  version: 1,
  statement: "min_{k<K} f(w_k) − f* ≤ G(d_0² + Σ_{k<K} λ_k²M_k²)/(2Σ_{k<K} λ_km_k)",
  ...assuming(
    equationOne,
    inNorm(2),
    fullBatch,
    singleBlock,
    convex,
    knownOptimum,
    knownOptimalValue,
    boundedGradients,
  ),
  source: "of T3 with the norm growth of T1; proof in docs/theory.md",
  columns: [
    {
      name: "best_iterate_a_priori_bound",
      meaning: "a-priori bound on the smallest gap so far (T3)",
      formula: "G(d_0² + Σ_{i≤k} λ_i²M_i²)/(2Σ_{i≤k} λ_im_i), m_i = ‖w_0‖₂Π(1 − λ_j), M_i = ‖w_0‖₂Π(1 + λ_j)",
      unit: "loss",
      drawnWith: "best_gap",
    },
  ],
  start,
});
