import {
  assuming,
  centredOptimum,
  equationOne,
  fullBatch,
  inNorm,
  knownOptimum,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { contracting } from "./contracting.js";
import { distanceAfterStep } from "./contraction.js";
import { conditionNumberOf, ruleOf } from "./facts.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const after = distanceAfterStep(conditionNumberOf(context));
  const { coefficient } = ruleOf(context);
  return contracting(context, (learningRate) => after(1, learningRate * coefficient), coefficient, state);
}

/**
 * T4b: linear rate on centred problems, where ‖w_k‖₂ = d_k. The bound is checked step by step; the column is the line
 * that its factors draw from d_0.
 *
 * Proof: docs/theory.md, T4b. The factor is below 1 exactly when λ < 2c (`contractionLimit`), and smallest at λ = c,
 * where it is (κ − 1)/(κ + 1). Sharp: on a quadratic with eigenvalues μ and L, a w whose squared components are in the
 * ratio (L-component : μ-component) = μ : L attains it at that step. So below 2c, and only there, *every* step shortens
 * the distance from everywhere; a run may still converge above 2c, by steps that are not all worst ones.
 */
export const linearRate = defineBound({
  name: "linear-rate",
  theorem: "T4b",
  version: 1,
  statement: "d_{k+1}² ≤ (1 − 2cλ_k + λ_k²)d_k², c = 2√κ/(κ + 1)",
  ...assuming(equationOne, inNorm(2), fullBatch, singleBlock, knownOptimum, centredOptimum, stronglyConvexAndSmooth),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [
    {
      name: "linear_rate_distance",
      meaning: "distance to w* after contractions at the guaranteed rate from d_0 (T4b)",
      formula: "d_0Π_{i<k} √(1 − 2cλ_i + λ_i²)",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
