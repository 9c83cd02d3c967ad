import { power } from "../base/power.js";
import { type Norm, smallestNormal } from "../compute/algebra.js";
import { assuming, equationOne, notInNorm } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { ruleOf } from "./facts.js";
import { blocksOf, gradientNorm, updateNorm, weightNorm } from "./measures.js";
import { lostOfRate } from "./rounding.js";

/** n^{|1/p − 1/2|}: how far ‖x‖_p and ‖x‖₂ of n entries can be from each other. */
export const normRange = (entries: number, p: Norm): number =>
  power(entries, Math.abs((p === "infinity" ? 0 : 1 / p) - 1 / 2));

function start(context: BoundContext): BoundMonitor {
  const { coefficient, norm } = ruleOf(context);
  const blocks = blocksOf(context).map((block) => ({ ...block, range: normRange(block.entries, norm) }));
  const tiny = smallestNormal[context.precision];
  return {
    observe(record, check) {
      if (record.last) return noColumns;
      for (const block of blocks) {
        const underflow = block.entries * tiny;
        // Where w or g vanishes T1 says that the block stays.
        if (weightNorm(record, block) === 0 || gradientNorm(record, block) < underflow) continue;
        const rate = record.learningRate * coefficient;
        const weights = weightNorm(record, block);
        const reference = rate * weights;
        const step = updateNorm(record, block);
        const lost = underflow + lostOfRate(rate, context.precision) * weights;
        check(step, reference * block.range, lost, block.name);
        check(reference / block.range, step, lost, block.name);
      }
      return noColumns;
    },
    state: () => ({}),
    unchecked: () => "no step was made with w ≠ 0 and g ≠ 0",
  };
}

/**
 * T6: how far the Euclidean step length of a rule in another norm can be from λ‖w‖₂. Any loss, mini-batches too.
 *
 * Proof: docs/theory.md, T6. For p = 1 and p = ∞, r = √n. Where in this range a rule is, is the trace's norm_ratio_l2
 * over λ.
 */
export const stepRange = defineBound({
  name: "step-range",
  theorem: "T6",
  version: 2,
  statement: "λ_k‖w_k‖₂/r ≤ η_k ≤ λ_k·r·‖w_k‖₂, r = n^{|1/p − 1/2|}, n the number of entries",
  ...assuming(equationOne, notInNorm(2)),
  source: "equivalence of norms; proof in docs/theory.md",
  columns: [],
  start,
});
