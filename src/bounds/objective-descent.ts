import { power } from "../base/power.js";
import {
  assuming,
  centredOptimum,
  equationOne,
  fullBatch,
  inNorm,
  knownOptimalValue,
  knownOptimum,
  quadratic,
  rates,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { conditionNumberOf, known, ruleOf } from "./facts.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

/**
 * 3√3·κ(κ + 1)/(κ² + κ + 1)^{3/2}: below it, and only there, one step lowers every quadratic of this κ from every x ≠
 * 0.
 */
export function objectiveDescentThreshold(conditionNumber: number): number {
  const κ = conditionNumber;
  return (3 * Math.sqrt(3) * κ * (κ + 1)) / power(κ * κ + κ + 1, 1.5);
}

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const threshold = objectiveDescentThreshold(conditionNumberOf(context));
  const { coefficient } = ruleOf(context);
  const optimalValue = Math.abs(known(context, "optimalValue"));
  const rounding = roundingOf(context);
  return stepwise(
    {
      measured: (next) => next.gap!,
      bound: (record) => (record.learningRate * coefficient < threshold ? record.gap! : Number.NaN),
      absoluteTolerance: (record) => rounding(2 * (record.gap! + optimalValue)),
      column: false,
    },
    state,
  );
}

/**
 * T5: the objective itself falls on centred quadratics, for λ below a frontier that is sharp.
 *
 * Proof: docs/theory.md, T5.
 */
export const objectiveDescent = defineBound({
  name: "objective-descent",
  theorem: "T5",
  version: 2,
  statement: "f(w_{k+1}) ≤ f(w_k) whenever λ_k < 3√3·κ(κ + 1)/(κ² + κ + 1)^{3/2}",
  ...assuming(
    equationOne,
    inNorm(2),
    fullBatch,
    singleBlock,
    quadratic,
    knownOptimum,
    knownOptimalValue,
    centredOptimum,
    stronglyConvexAndSmooth,
    rates(
      "λ_k < 3√3·κ(κ + 1)/(κ² + κ + 1)^{3/2}",
      ({ smallest }, context) => smallest < objectiveDescentThreshold(conditionNumberOf(context)),
      (context) => objectiveDescentThreshold(conditionNumberOf(context)),
    ),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof sketch in the docstring",
  columns: [],
  start,
});
