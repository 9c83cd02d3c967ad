import {
  assuming,
  atTheStart,
  equationOne,
  fullBatch,
  inNorm,
  knownOptimum,
  optimumAwayFromOrigin,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { distanceAfterStep, nextEnvelope } from "./contraction.js";
import { asIndependent, enveloped } from "./enveloped.js";
import { conditionNumberOf, optimumNorm, ruleOf } from "./facts.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const after = distanceAfterStep(conditionNumberOf(context));
  const { coefficient } = ruleOf(context);
  const optimum = optimumNorm(context);
  const next = (envelope: number, learningRate: number) =>
    nextEnvelope(after, envelope, learningRate * coefficient, optimum);
  return enveloped(context, { next, accumulated: asIndependent }, state);
}

/**
 * T4d: an envelope of the distances, known before the run from d_0, W and the schedule; with λ_k → 0 and Σλ_k = ∞ it
 * tends to 0, so that the rule converges. The condition d_0 < W cannot be dropped (T2b).
 *
 * Proof: docs/theory.md, T4d. Checked until D_k reaches W.
 */
export const envelope = defineBound({
  name: "envelope",
  theorem: "T4d",
  version: 1,
  statement:
    "d_k ≤ D_k as long as D_k < W, with D_0 = d_0, D_{k+1} = max(λ_kW, φ(D_k, λ_k(W + D_k)), φ(D_k, λ_k(W − D_k))), " +
    "φ(D, η) = √(D² − 2cηD + η²), c = 2√κ/(κ + 1)",
  ...assuming(
    equationOne,
    inNorm(2),
    fullBatch,
    singleBlock,
    knownOptimum,
    optimumAwayFromOrigin,
    stronglyConvexAndSmooth,
    atTheStart("d_0 < W"),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof with nextEnvelope",
  columns: [
    {
      name: "envelope_distance",
      meaning: "a-priori envelope of the distance to w* (T4d)",
      formula: "D_k = max(λW, φ(D, λ(W + D)), φ(D, λ(W − D))) with λ_{k−1} and D = D_{k−1}; D_0 = d_0",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
