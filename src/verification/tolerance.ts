import type { Precision } from "../compute/algebra.js";

/** |a − b| ≤ absolute + relative·|b| */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/**
 * Steps over which float32 runs are compared. Backends add up in different orders; the difference, 1e-7 at first, grows
 * along the trajectory, and beyond some forty steps it says nothing about the code any more.
 */
export const float32Steps = 40;

/** Numbers of the host, computed in float64 from the config alone whatever the precision of the run. */
const exactColumns = new Set(["step", "epoch", "learning_rate"]);

/** Shares of examples: where one example is on the edge, rounding moves it across. */
const shares = new Set(["accuracy", "train_accuracy", "test_accuracy"]);

/**
 * Allowed difference from a reference.
 *
 * float64: the same operations in the same order give the same bits; 1e-9 leaves room for a mathematical library that
 * rounds its last digit otherwise, amplified by a long trajectory, and is a thousandth of the smallest change of a
 * formula that is to be noticed (1e-6). The absolute part, 1e-12, is the rounding level of gaps and distances between
 * numbers of size 1 that have come to vanish.
 *
 * float32: 24 bits are 6e-8 relative; sums of some 1e5 terms in another order cost about 1e-6, forty steps another
 * factor of ten. 1e-4 is above that and below what a wrong formula does. Shares of examples may differ by two of a
 * hundred.
 */
export function toleranceOf(column: string, precision: Precision): Tolerance {
  if (exactColumns.has(column)) return { relative: 1e-12, absolute: 0 };
  if (precision === "float64") return { relative: 1e-9, absolute: 1e-12 };
  return { relative: 1e-4, absolute: shares.has(column) ? 0.02 : 1e-6 };
}

/** Whether two fields of a CSV file agree; empty fields, NaN and infinity only with themselves. */
export function agree(actual: string, expected: string, { relative, absolute }: Tolerance): boolean {
  if (actual === expected) return true;
  if (actual === "" || expected === "") return false;
  const [a, b] = [Number(actual), Number(expected)];
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= absolute + relative * Math.abs(b);
}
