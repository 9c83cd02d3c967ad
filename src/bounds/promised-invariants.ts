import { type Assumption, assuming, seenPerNeuron } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { blocksOf, updateNorm, weightNorm } from "./measures.js";
import { roundingOf } from "./rounding.js";

const promise: Assumption = {
  phrase: "the rule promises that what it names of every step stays within a range",
  unmet: (context) =>
    context.rule.promises?.invariants?.length
      ? seenPerNeuron(context)
      : `${context.rule.name}, as configured, promises no invariant of its steps`,
};

function start(context: BoundContext): BoundMonitor {
  const invariants = context.rule.promises!.invariants!;
  const blocks = blocksOf(context);
  const rounding = roundingOf(context);
  return {
    observe(record, check) {
      if (record.last) return noColumns;
      blocks.forEach((block, b) => {
        if (!(weightNorm(record, block) > rounding(0))) return;
        const rests = updateNorm(record, block) <= rounding(0);
        invariants.forEach(({ range, magnitude }, i) => {
          const measured = record.invariants![b]![i]!;
          const [lowest, highest] = range(record.learningRate);
          const lost = rounding(magnitude?.(record.learningRate) ?? 0);
          check(measured, highest, lost, block.name);
          if (!rests) check(lowest, measured, lost, block.name);
        });
      });
      return noColumns;
    },
    state: () => ({}),
    unchecked: () => "no step was made from w ≠ 0",
  };
}

/**
 * T11: what else a rule's form guarantees of every step, measured at every step: no entry moves by more than λ (Lion, sign
 * descent) or a multiple of it (Adam, RMSProp); ‖Δw‖₂ = λ (normalized gradient descent); Fromage's weights keep their norm
 * to [1 − λ, 1 + λ]/√(1 + λ²), Nero's neurons stay on the sphere, Madam's weights keep their sign and change by at most
 * e^{cλ}, Scion's stay in the ball. Any loss, mini-batches too.
 *
 * *Proof.* At each rule, which states the invariants and their ranges (`Promises.invariants`). ∎ A step of length 0 may be
 * below the lowest end: where there is no direction no step is made.
 */
export const promisedInvariants = defineBound({
  name: "promised-invariants",
  theorem: "T11",
  version: 1,
  statement:
    "lowest(λ_k) ≤ measured(w_k, Δw_k) ≤ highest(λ_k) for each invariant that the rule promises, wherever w_k ≠ 0",
  ...assuming(promise),
  source: "each rule's; proof in the docstring of the rule",
  columns: [],
  needsInvariants: true,
  start,
});
