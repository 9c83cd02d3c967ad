import { assuming, atTheStart } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { inOneDimension, lineOf } from "./one-dimensional.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const { optimum, weight, rate, isAtMinimum } = lineOf(context);
  const rounding = roundingOf(context);
  return stepwise(
    {
      measured: (next) => Math.abs(weight(next) - optimum),
      bound(record) {
        const w = weight(record);
        if (w <= 0 || isAtMinimum(record)) return Number.NaN;
        const step = rate(record) * w;
        return Math.max(Math.abs(w - optimum) - step, step);
      },
      absoluteTolerance: (record) => rounding((1 + rate(record)) * Math.abs(weight(record)) + optimum),
      column: true,
      unchecked: () => "no step was made from the side of 0 on which w* lies: the sign trap (T2b)",
    },
    state,
  );
}

/**
 * T2c, step by step, for any schedule: what makes w_k → w* when λ_k → 0 and Σλ_k = ∞.
 *
 * Proof: docs/theory.md, T2c. Mirrored for w* < 0. It needs g_k ≠ 0.
 */
export const oneDimensionalStep = defineBound({
  name: "one-dimensional-step",
  theorem: "T2c",
  version: 1,
  statement: "|w_{k+1} − w*| ≤ max(|w_k − w*| − λ_kw_k, λ_kw_k) whenever w_k > 0 and g_k ≠ 0",
  ...assuming(...inOneDimension, atTheStart("w_0 has the sign of w*")),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [
    {
      name: "one_dimensional_distance_bound",
      meaning: "bound on the distance to w* from the step before (T2c)",
      formula: "max(|w_{k−1} − w*| − λ_{k−1}|w_{k−1}|, λ_{k−1}|w_{k−1}|)",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
