import type { StepRecord } from "../training/record.js";
import type { BoundContext, Check } from "./bound.js";
import { known } from "./facts.js";
import { roundingOf } from "./rounding.js";

/** What a bound on the best gap remembers of a run besides its own sums. */
export interface BestGap {
  /** f(w_0) − f*; absent before the first record */
  initialGap?: number;
  /** d_0² */
  squaredDistance: number;
  /** min f(w_k) − f* */
  bestGap: number;
}

export const unseen: BestGap = { squaredDistance: 0, bestGap: Number.POSITIVE_INFINITY };

/** Takes in the gap of a record. */
export function seeGap(memory: BestGap, { gap, distance }: StepRecord): void {
  if (memory.initialGap === undefined) {
    memory.initialGap = gap!;
    memory.squaredDistance = distance! ** 2;
  }
  memory.bestGap = Math.min(memory.bestGap, gap!);
}

/** A bound on the best gap is news only while it is below the gap of the start, which the best never exceeds. */
export const notNews = "the bound never came below f(w_0) − f*, which the best iterate cannot exceed anyway";

/**
 * Holds the best gap against a bound, where that is news.
 *
 * @returns by (memory, bound, check, cancelled), `cancelled` the size of what cancels in the bound: the bound for the
 * trace, NaN where it is infinite
 */
export function bestGapCheck(context: BoundContext) {
  const rounding = roundingOf(context);
  const optimalValue = Math.abs(known(context, "optimalValue"));
  return (memory: BestGap, bound: number, check: Check, cancelled = 0): number => {
    const { bestGap, initialGap } = memory;
    if (bound < initialGap!) check(bestGap, bound, rounding(bestGap + 2 * (optimalValue + cancelled)));
    return Number.isFinite(bound) ? bound : Number.NaN;
  };
}
