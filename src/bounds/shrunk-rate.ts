import {
  assuming,
  centredOptimum,
  fullBatch,
  knownOptimum,
  shrunk,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { contracting } from "./contracting.js";
import { distanceAfterStep } from "./contraction.js";
import { conditionNumberOf } from "./facts.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const after = distanceAfterStep(conditionNumberOf(context));
  return contracting(context, (rate) => after(1, rate) / Math.hypot(1, rate), 1, state);
}

/**
 * T13a: Fromage's linear rate on centred problems, below 1 at every λ > 0, where that of equation (1) ends at λ = 2c
 * (T4b); best at λ = 1, where it is √(1 − c).
 *
 * Proof: docs/theory.md, T13a. Sharp where T4b is.
 */
export const shrunkRate = defineBound({
  name: "shrunk-rate",
  theorem: "T13a",
  version: 1,
  statement: "d_{k+1}² ≤ (1 − 2cλ_k/(1 + λ_k²))d_k², c = 2√κ/(κ + 1)",
  ...assuming(shrunk, fullBatch, singleBlock, knownOptimum, centredOptimum, stronglyConvexAndSmooth),
  source: "of Fromage, arXiv:2002.03432, algorithm 1; proof in docs/theory.md",
  columns: [
    {
      name: "shrunk_rate_distance",
      meaning: "distance to w* after contractions at Fromage's guaranteed rate from d_0 (T13a)",
      formula: "d_0Π_{i<k} √(1 − 2cλ_i/(1 + λ_i²))",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
