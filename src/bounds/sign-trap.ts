import { assuming, atTheStart, rates } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { checkEqual } from "./norm-ratio.js";
import { inOneDimension, lineOf } from "./one-dimensional.js";
import { roundingOf } from "./rounding.js";

interface Memory {
  trapped?: boolean;
  /** (1 − λ_{k−1})·|w_{k−1}|; NaN where nothing is stated */
  expected: number;
  absoluteTolerance: number;
}

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const { weight, rate, isAtMinimum } = lineOf(context);
  const rounding = roundingOf(context);
  const memory: Memory = { expected: Number.NaN, absoluteTolerance: 0, ...(state as Partial<Memory>) };
  return {
    observe(record, check) {
      // Distance from 0 on the wrong side; negative if w had crossed it.
      const depth = -weight(record);
      memory.trapped ??= depth > 0;
      if (!memory.trapped) return noColumns;
      if (!Number.isNaN(memory.expected)) checkEqual(check, depth, memory.expected, memory.absoluteTolerance);
      memory.expected = record.last || isAtMinimum(record) ? Number.NaN : (1 - rate(record)) * depth;
      memory.absoluteTolerance = rounding(Math.abs(depth));
      return noColumns;
    },
    state: () => ({ ...memory }),
    unchecked: () =>
      memory.trapped
        ? "no step was made, or w_0 is a minimiser itself"
        : "w_0 is 0 or lies on the side of w*: there is no trap",
  };
}

/**
 * T2b: from the wrong side of 0 the iterate shrinks towards 0 and never crosses it, whatever the schedule.
 *
 * Proof: docs/theory.md, T2b. Mirrored for w* < 0 < w_0. Checked step by step, where g_k ≠ 0.
 */
export const signTrap = defineBound({
  name: "sign-trap",
  theorem: "T2b",
  version: 1,
  statement: "w_{k+1} = (1 − λ_k)w_k, so that w never changes its sign",
  ...assuming(
    ...inOneDimension,
    rates("λ_k < 1", ({ largest }) => largest < 1),
    atTheStart("w_0 and w* have opposite signs"),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [],
  start,
});
