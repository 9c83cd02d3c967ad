import {
  alongGradient,
  assuming,
  fullBatch,
  knownOptimum,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { distanceAfterStep } from "./contraction.js";
import { conditionNumberOf, optimumNorm } from "./facts.js";
import { updateNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const after = distanceAfterStep(conditionNumberOf(context));
  const rounding = roundingOf(context);
  const optimum = optimumNorm(context);
  return stepwise(
    {
      measured: (next) => next.distance!,
      bound: (record) => after(record.distance!, updateNorm(record, whole)),
      absoluteTolerance: (record) => rounding(weightNorm(record, whole) + updateNorm(record, whole) + optimum),
      column: true,
    },
    state,
  );
}

/**
 * T4a: what one step does to the distance from the optimum of a strongly convex and smooth problem; any rule that steps
 * along the gradient, with the observed step length η_k. The distance falls whenever η_k < 2c·d_k.
 *
 * Proof: docs/theory.md, T4a.
 */
export const oneStepContraction = defineBound({
  name: "one-step-contraction",
  theorem: "T4a",
  version: 2,
  statement: "d_{k+1}² ≤ d_k² − 2cη_kd_k + η_k², c = 2√κ/(κ + 1)",
  ...assuming(alongGradient, fullBatch, singleBlock, knownOptimum, stronglyConvexAndSmooth),
  source: "proof in docs/theory.md; Nesterov 2004, theorem 2.1.12 for the co-coercivity",
  columns: [
    {
      name: "one_step_distance_bound",
      meaning: "bound on the distance to w* from the step before (T4a)",
      formula: "√(d_{k−1}² − 2cη_{k−1}d_{k−1} + η_{k−1}²)",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
