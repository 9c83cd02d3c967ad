import { smallestNormal } from "../compute/algebra.js";
import { type Assumption, assuming, seenPerNeuron } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { blocksOf, hasUpdateNormInRule, updateNormInRule, weightNormInRule } from "./measures.js";
import { lostOfRate } from "./rounding.js";

const promise: Assumption = {
  phrase: "the rule is not equation (1), and promises ‖Δw‖_p = cλ‖w‖_p, or ≤",
  unmet(context) {
    const { name, equationOne, promises, norm } = context.rule;
    if (equationOne.holds) return `${name} is equation (1), of which T1 says it`;
    return promises?.proportion && norm !== undefined
      ? seenPerNeuron(context)
      : `${name}, as configured, promises nothing of ‖Δw‖_p/‖w‖_p`;
  },
};

function start(context: BoundContext): BoundMonitor {
  const { norm, promises } = context.rule;
  const { coefficient, is } = promises!.proportion!;
  const blocks = blocksOf(context);
  return {
    observe(record, check) {
      if (record.last) return noColumns;
      const rate = record.learningRate * coefficient;
      for (const block of blocks) {
        // Norms of this size have lost digits to underflow, and guards are for those.
        const underflow = block.entries * smallestNormal[context.precision];
        const weights = weightNormInRule(record, block, norm!);
        if (!(weights > underflow) || !hasUpdateNormInRule(record, block, norm!, underflow)) continue;
        const step = updateNormInRule(record, block, norm!);
        const lost = underflow / weights + lostOfRate(rate, context.precision);
        check(step / weights, rate, lost, block.name);
        // A direction that is 0 cannot be lengthened.
        if (is === "exactly" && step > underflow) check(rate, step / weights, lost, block.name);
      }
      return noColumns;
    },
    state: () => ({}),
    unchecked: () => "no step was made from w ≠ 0",
  };
}

/**
 * T11: proportionality beyond equation (1), whatever the direction: momentum, Adam's, weight decay, a guard that only
 * shortens. Any loss, mini-batches too.
 *
 * *Proof.* At each rule that promises it (LAMB, LANS, LARS with weight decay or ε). A step −λ(‖w‖/‖u‖)u has the norm
 * λ‖w‖ whatever u ≠ 0 is; a convex combination of such steps, or one that is cut short, at most that. ∎ Where u = 0 no
 * step is made, and nothing is said of w = 0.
 */
export const promisedProportion = defineBound({
  name: "promised-proportion",
  theorem: "T11",
  version: 1,
  statement: "‖w_{k+1} − w_k‖_p/‖w_k‖_p = cλ_k or 0, or ≤ cλ_k, as the rule promises, wherever w_k ≠ 0",
  ...assuming(promise),
  source: "each rule's; proof in the docstring of the rule",
  columns: [],
  start,
});
