import { assuming, fullBatch, scaleInvariantLoss, shrunk, singleBlock } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { gradientNorm, updateNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const rounding = roundingOf(context);
  return stepwise(
    {
      measured: (next) => weightNorm(next, whole),
      bound: (record) => (gradientNorm(record, whole) > rounding(0) ? weightNorm(record, whole) : Number.NaN),
      absoluteTolerance: (record) => rounding(weightNorm(record, whole) + updateNorm(record, whole)),
      isEqual: true,
      column: false,
      unchecked: () => "no step was made with g ≠ 0",
    },
    state,
  );
}

/**
 * T15b: on a loss that does not depend on the length of the weights Fromage keeps it exactly.
 *
 * Proof: docs/theory.md, T15b. It needs g_k ≠ 0.
 */
export const orthogonalRest = defineBound({
  name: "orthogonal-rest",
  theorem: "T15b",
  version: 1,
  statement: "‖w_{k+1}‖₂ = ‖w_k‖₂ whenever g_k ≠ 0",
  ...assuming(shrunk, fullBatch, singleBlock, scaleInvariantLoss),
  source: "of Fromage, arXiv:2002.03432, algorithm 1; proof in docs/theory.md",
  columns: [],
  start,
});
