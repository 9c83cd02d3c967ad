import { assuming, atTheStart, constantRate, rates } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { ratesOf, short } from "./facts.js";
import { inOneDimension, lineOf } from "./one-dimensional.js";
import { roundingOf } from "./rounding.js";

/** The number of steps after which w has entered, from w_0 > 0; w* > 0. */
export function latestEntry(start: number, optimum: number, rate: number): number {
  return start < optimum
    ? Math.ceil(Math.log(optimum / start) / Math.log1p(rate))
    : Math.ceil(Math.log(start / optimum) / -Math.log1p(-rate));
}

interface Memory {
  start?: number;
  entered: boolean;
}

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const { optimum, weight, isAtMinimum } = lineOf(context);
  const rate = ratesOf(context).largest;
  const [low, high] = [(1 - rate) * optimum, (1 + rate) * optimum];
  const rounding = roundingOf(context);
  const memory: Memory = { entered: false, ...(state as Partial<Memory>) };
  return {
    observe(record, check) {
      const w = weight(record);
      memory.start ??= w;
      if (memory.start <= 0 || isAtMinimum(record)) return noColumns;
      if (memory.entered || record.step >= latestEntry(memory.start, optimum, rate)) {
        const tolerance = rounding(w + optimum);
        check(w, high, tolerance);
        check(low, w, tolerance);
      }
      memory.entered ||= low <= w && w <= high;
      return noColumns;
    },
    state: () => ({ ...memory }),
    unchecked() {
      const { start = Number.NaN } = memory;
      return start > 0
        ? `the run ended before step ${latestEntry(start, optimum, rate)}, at which w must have entered, or hit w* exactly`
        : `w_0 does not lie on the side of w* = ±${short(optimum)}: the sign trap (T2b)`;
    },
  };
}

/**
 * T2a: w enters the interval of relative half-width λ about w* in time, and never leaves it.
 *
 * Proof: docs/theory.md, T2a. Mirrored for w* < 0. Once g_k = 0, w_k is a minimiser (perhaps another one) and nothing
 * is left to be checked.
 */
export const oneDimensionalInterval = defineBound({
  name: "one-dimensional-interval",
  theorem: "T2a",
  version: 1,
  statement:
    "(1 − λ)w* ≤ w_k ≤ (1 + λ)w* from step ⌈log(w*/w_0)/log(1 + λ)⌉ (w_0 < w*) or ⌈log(w_0/w*)/−log(1 − λ)⌉ (w_0 > w*) on, " +
    "and from the first time it holds",
  ...assuming(
    ...inOneDimension,
    constantRate,
    rates("0 < λ < 1", ({ smallest, largest }) => smallest > 0 && largest < 1),
    atTheStart("w_0 has the sign of w*"),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [],
  start,
});
