import { smallestNormal } from "../compute/algebra.js";
import { assuming, equationOne, inNorm } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { ruleOf } from "./facts.js";
import { blocksOf, gradientNorm, updateNorm, weightNorm } from "./measures.js";
import { lostOfRate } from "./rounding.js";

function start(context: BoundContext): BoundMonitor {
  const { coefficient } = ruleOf(context);
  const blocks = blocksOf(context).map((block) => ({ ...block, root: Math.sqrt(block.entries) }));
  const tiny = smallestNormal[context.precision];
  return {
    observe(record, check) {
      if (record.last) return [];
      for (const block of blocks) {
        const underflow = block.entries * tiny;
        // Where w or g vanishes T1 says that the block stays.
        if (weightNorm(record, block) === 0 || gradientNorm(record, block) < underflow) continue;
        const rate = record.learningRate * coefficient;
        const weights = weightNorm(record, block);
        const reference = rate * weights;
        const step = updateNorm(record, block);
        const lost = underflow + lostOfRate(rate, context.precision) * weights;
        check(step, reference * block.root, lost, block.name);
        check(reference / block.root, step, lost, block.name);
      }
      return [];
    },
    state: () => ({}),
    unchecked: () => "no step was made with w ≠ 0 and g ≠ 0",
  };
}

/**
 * T6: how far the Euclidean step length of the L1 and L∞ rules can be from λ‖w‖₂. Any loss, mini-batches too.
 *
 * *Proof.* η = λ‖w‖_p‖g‖₂/‖g‖_p. For p = 1, ‖w‖₂ ≤ ‖w‖₁ ≤ √n‖w‖₂ and 1/√n ≤ ‖g‖₂/‖g‖₁ ≤ 1; for p = ∞,
 * ‖w‖₂/√n ≤ ‖w‖_∞ ≤ ‖w‖₂ and 1 ≤ ‖g‖₂/‖g‖_∞ ≤ √n. ∎ Where in this range a rule is, is the trace's norm_ratio_l2 over λ.
 */
export const stepRange = defineBound({
  name: "step-range",
  theorem: "T6",
  version: 1,
  statement: "λ_k‖w_k‖₂/√n ≤ η_k ≤ λ_k√n‖w_k‖₂, n the number of entries",
  ...assuming(equationOne, inNorm(1, "infinity")),
  source: "equivalence of norms; proof in the docstring",
  columns: [],
  start,
});
