import {
  assuming,
  atTheStart,
  fullBatch,
  knownOptimum,
  optimumAwayFromOrigin,
  shrunk,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { distanceAfterStep, nextEnvelope } from "./contraction.js";
import { asIndependent, enveloped } from "./enveloped.js";
import { conditionNumberOf, optimumNorm } from "./facts.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const after = distanceAfterStep(conditionNumberOf(context));
  const optimum = optimumNorm(context);
  const next = (envelope: number, rate: number) => {
    const stretch = Math.hypot(1, rate);
    // √(1 + λ²) − 1 without the digits that cancel.
    const pulled = (rate ** 2 / (1 + stretch)) * optimum;
    return (nextEnvelope(after, envelope, rate, optimum) + pulled) / stretch;
  };
  return enveloped(context, { next, accumulated: asIndependent }, state);
}

/**
 * T13b: an envelope of Fromage's distances, known before the run: that of equation (1) (T4d), and what shrinking the
 * weights takes them off w*, which is of the second order in λ.
 *
 * Proof: docs/theory.md, T13b. Checked until D_k reaches W.
 */
export const shrunkEnvelope = defineBound({
  name: "shrunk-envelope",
  theorem: "T13b",
  version: 1,
  statement:
    "d_k ≤ D_k as long as D_k < W, with D_0 = d_0, D_{k+1} = (E(D_k) + (h_k − 1)W)/h_k, h = √(1 + λ²), E(D) the next of T4d",
  ...assuming(
    shrunk,
    fullBatch,
    singleBlock,
    knownOptimum,
    optimumAwayFromOrigin,
    stronglyConvexAndSmooth,
    atTheStart("d_0 < W"),
  ),
  source: "of Fromage, arXiv:2002.03432, algorithm 1; proof in docs/theory.md",
  columns: [
    {
      name: "shrunk_envelope_distance",
      meaning: "a-priori envelope of Fromage's distance to w* (T13b)",
      formula: "D_k = (max(λW, φ(D, λ(W + D)), φ(D, λ(W − D))) + (h − 1)W)/h with λ_{k−1} and D = D_{k−1}; D_0 = d_0",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
