import { alongGradient, assuming, fullBatch, scaleInvariantLoss, singleBlock } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { updateNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const rounding = roundingOf(context);
  return stepwise(
    {
      measured: (next) => weightNorm(next, whole),
      bound: (record) => Math.hypot(weightNorm(record, whole), updateNorm(record, whole)),
      absoluteTolerance: (record) => rounding(weightNorm(record, whole) + updateNorm(record, whole)),
      isEqual: true,
      column: true,
    },
    state,
  );
}

/**
 * T15a: where the loss does not depend on the length of the weights, steps along the gradient make them longer at every
 * step, exactly so: with equation (1) and p = 2 by √(1 + λ²), and the direction turns by arctan λ. So the weights of
 * layers before a normalisation grow without weight decay.
 *
 * Proof: docs/theory.md, T15a.
 */
export const orthogonalGrowth = defineBound({
  name: "orthogonal-growth",
  theorem: "T15a",
  version: 1,
  statement: "‖w_{k+1}‖₂² = ‖w_k‖₂² + η_k²",
  ...assuming(alongGradient, fullBatch, singleBlock, scaleInvariantLoss),
  source: "Arora, Li & Lyu, arXiv:1812.03981, lemma 2.4; proof in docs/theory.md",
  columns: [
    {
      name: "orthogonal_norm",
      meaning: "norm of the weights, from the step before (T15a)",
      formula: "√(‖w_{k−1}‖₂² + η_{k−1}²)",
      unit: "weight",
    },
  ],
  start,
});
