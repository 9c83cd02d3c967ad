import { isBetter, type Objective, worstOf } from "./objective.js";

/** How the best of n of N values is distributed, where the n are drawn at random, each at most once. */
export interface BestOfDraws {
  readonly n: number;
  /** Its expectation; infinite where it may be the worst there is. */
  readonly mean: number;
  readonly median: number;
  /** The quartiles, the better one first. */
  readonly quartiles: readonly [number, number];
}

/** Rounding of a share that is a quotient of whole numbers. */
const rounding = 1e-12;

/**
 * The value that the best is as good as with this probability; between two values where it is reached exactly, their mean.
 *
 * @param sorted the best first
 * @param reached the probability that the best is one of the first i + 1
 */
function quantileOf(sorted: readonly number[], reached: readonly number[], probability: number): number {
  const place = reached.findIndex((share) => share >= probability - rounding);
  const value = sorted[place]!;
  const isExact = reached[place]! <= probability + rounding && place + 1 < sorted.length;
  return isExact ? (value + sorted[place + 1]!) / 2 : value;
}

/**
 * The best of n values drawn from these without replacement, exactly, from the order statistics: with v_1 the best, it is
 * one of v_1 … v_i with probability 1 − C(N−i, n)/C(N, n), and v_i itself with C(N−i, n−1)/C(N, n).
 *
 * @param values any number of them may be equal, or the worst there is
 * @param n from 1 to their number
 */
export function bestOfDraws(objective: Objective, values: readonly number[], n: number): BestOfDraws {
  const sorted = values.toSorted((a, b) => (isBetter(objective, a, b) ? -1 : isBetter(objective, b, a) ? 1 : 0));
  const { length } = sorted;
  const reached: number[] = [];
  // C(N−i, n)/C(N, n), the probability that all n come after the first i
  let missed = 1;
  let mean = 0;
  for (const [i, value] of sorted.entries()) {
    const before = missed;
    missed *= Math.max(0, length - i - n) / (length - i);
    reached.push(1 - missed);
    // 0 · ∞ is no number, and what has no probability counts for nothing.
    if (before > missed) mean += (before - missed) * value;
  }
  const quantile = (probability: number) => quantileOf(sorted, reached, probability);
  return { n, mean, median: quantile(0.5), quartiles: [quantile(0.25), quantile(0.75)] };
}

/** The best of the first value, of the first two, and so on. */
export function bestSoFar(objective: Objective, values: readonly number[]): number[] {
  let best = worstOf(objective);
  return values.map((value) => {
    if (isBetter(objective, value, best)) best = value;
    return best;
  });
}

/** Numbers of draws that are looked at, at most. */
const mostCounts = 400;

/** From 1 to all of them; of many a few hundred, in constant ratio, the last among them. */
export function drawCounts(values: number): number[] {
  if (values <= mostCounts) return Array.from({ length: values }, (_, i) => i + 1);
  const counts = Array.from({ length: mostCounts }, (_, i) => Math.round(values ** (i / (mostCounts - 1))));
  return [...new Set([...counts, values])];
}
