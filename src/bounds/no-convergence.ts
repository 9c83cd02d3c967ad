import { assuming, atTheStart, constantRate, rates } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { ratesOf } from "./facts.js";
import { updateNorm, wholeOf } from "./measures.js";
import { inOneDimension, lineOf } from "./one-dimensional.js";
import { roundingOf } from "./rounding.js";

function start(context: BoundContext): BoundMonitor {
  const whole = wholeOf(context);
  const { optimum, weight, isAtMinimum } = lineOf(context);
  const rate = ratesOf(context).largest;
  const [low, high] = [(1 - rate) * optimum, (1 + rate) * optimum];
  const tolerance = rate * roundingOf(context)(high);
  return {
    observe(record, check) {
      const w = weight(record);
      const inside = low <= w && w <= high;
      if (inside && !record.last && !isAtMinimum(record)) check(rate * low, updateNorm(record, whole), tolerance);
      return noColumns;
    },
    state: () => ({}),
    unchecked: () => "no step was made inside the interval [(1 − λ)w*, (1 + λ)w*], save at a minimiser hit exactly",
  };
}

/**
 * T2a: constant λ does not converge; inside the interval the steps keep a length of at least λ(1 − λ)w*.
 *
 * Proof: docs/theory.md, T2a. It needs g_k ≠ 0: a w that hits the minimiser exactly stays there. Mirrored for w* < 0.
 */
export const noConvergence = defineBound({
  name: "no-convergence",
  theorem: "T2a",
  version: 1,
  statement: "|w_{k+1} − w_k| ≥ λ(1 − λ)w* whenever (1 − λ)w* ≤ w_k ≤ (1 + λ)w* and g_k ≠ 0",
  ...assuming(
    ...inOneDimension,
    constantRate,
    rates("0 < λ < 1", ({ smallest, largest }) => smallest > 0 && largest < 1),
    atTheStart("w_0 has the sign of w*, and the run reaches the interval"),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [],
  start,
});
