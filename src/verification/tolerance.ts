import type { Precision } from "../compute/algebra.js";

/** |a − b| ≤ absolute + relative·|b| */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/** How far two executions of the same run may be held against each other. */
export interface Comparison {
  readonly tolerance: (column: string) => Tolerance;
  /** Steps beyond this one say nothing any more; undefined: the run as a whole can be compared. */
  readonly lastStep?: number;
}

/** What decides how far two executions can agree. */
export interface Circumstances {
  /** The coarser of the two precisions. */
  readonly precision: Precision;
  /** Whether both compute the same bits: one backend, device and version, that is the same on every machine. */
  readonly sameArithmetic: boolean;
  /** Whether the gradient jumps somewhere: rectifiers, absolute values. */
  readonly gradientJumps: boolean;
}

/** Numbers of the host, computed in float64 from the config alone whatever the precision of the run. */
const exactColumns = new Set(["step", "epoch", "learning_rate"]);

/** Shares of examples: where one example is on the edge, rounding moves it across. */
const shares = new Set([
  "accuracy",
  ...["train_accuracy", "val_accuracy", "test_accuracy"],
  ...["trainAccuracy", "valAccuracy", "testAccuracy"],
]);

/** What jumps with the gradient, in one layer, where a pre-activation changes its sign. */
const ofGradient = new Set(["grad_norm", "update_norm", "norm_ratio", "norm_ratio_l2", "effective_learning_rate"]);

const exactly: Tolerance = { relative: 1e-12, absolute: 0 };
const float64: Tolerance = { relative: 1e-9, absolute: 1e-12 };
const sameFloat32: Tolerance = { relative: 1e-6, absolute: 1e-9 };

/** Steps of float32 runs that are compared across backends where the gradient is continuous. */
const smoothSteps = 40;
/** The same where it jumps. */
const jumpingSteps = 5;

function acrossBackends(column: string, gradientJumps: boolean): Tolerance {
  if (shares.has(column)) return { relative: 1e-4, absolute: 0.02 };
  return { relative: gradientJumps && ofGradient.has(column) ? 1e-2 : 1e-4, absolute: 1e-6 };
}

/**
 * How far two executions of one run can be compared, and how tightly.
 *
 * *float64*: the same operations in the same order give the same bits on every machine, so that whole runs are compared.
 * 1e-9 leaves room for a power or cosine that another version of Node rounds otherwise in its last digit, and is a
 * thousandth of the smallest change of a formula that is to be noticed (1e-6); a long run at a constant rate, which
 * turns about its optimum for ever, may part all the same after such a change, and its reference is to be written anew.
 * The absolute part, 1e-12, is the rounding level of gaps and distances between numbers of size 1 that have come to
 * vanish.
 *
 * *float32, the same arithmetic*: WebAssembly is specified to the bit, so the whole run comes out the same wherever it is
 * made; 1e-6 is a digit that float32 does not quite hold.
 *
 * *float32 otherwise*: backends add up in different orders. Measured from one state the difference is one of rounding, δ
 * ≈ 2e-7 relative for the sums of 1e2 to 1e5 terms here. What becomes of it along a run depends on the gradient:
 *
 * - Where it is continuous, a step multiplies the difference by at most 1 + λL and adds another δ. At rates at which
 *   training is stable that is growth with the number of steps and no explosion: 40 steps cost 40δ ≈ 1e-5, times the
 *   condition of the quantity. 1e-4 is above that and below what a wrong formula does.
 * - Where it jumps (a rectifier at 0) two backends part at the first pre-activation z that has another sign in the one
 *   than in the other. z is roughly normal, so that this happens to each with a probability of about 0.8δ: with P of
 *   them a step (64,000 in five layers of 100 units and a batch of 128) after some 1/(0.8δP) ≈ 100 steps, and before step
 *   5 in one run of twenty. The term that flips is one of the P/layers·½ active ones of its layer, which add up like
 *   random numbers: the layer's gradient jumps by about 1/√6400 ≈ 1e-2, its weights by λ times that, and from there on
 *   the two runs are different ones, parting by a constant factor a step. Loss and weights are continuous all the same.
 *   So five steps are compared, what belongs to the gradient to 1e-2: one flip within them is allowed for, and what a
 *   longer comparison would show is when the first flip came.
 *
 * Shares of examples may differ by two of a hundred.
 */
export function comparisonOf({ precision, sameArithmetic, gradientJumps }: Circumstances): Comparison {
  const unlessExact = (tolerance: (column: string) => Tolerance) => (column: string) =>
    exactColumns.has(column) ? exactly : tolerance(column);
  if (precision === "float64") return { tolerance: unlessExact(() => float64) };
  if (sameArithmetic) return { tolerance: unlessExact(() => sameFloat32) };
  return {
    tolerance: unlessExact((column) => acrossBackends(column, gradientJumps)),
    lastStep: gradientJumps ? jumpingSteps : smoothSteps,
  };
}

/**
 * Allowed difference of a slack, which is relative to its bound already: where a run is compared as a whole, that of its
 * numbers, taken as absolute.
 */
export const slackTolerance = (precision: Precision): Tolerance =>
  precision === "float64" ? { relative: 0, absolute: 1e-9 } : { relative: 0, absolute: 1e-6 };

/** Whether two fields of a CSV file agree; empty fields, NaN and infinity only with themselves. */
export function agree(actual: string, expected: string, { relative, absolute }: Tolerance): boolean {
  if (actual === expected) return true;
  if (actual === "" || expected === "") return false;
  const [a, b] = [Number(actual), Number(expected)];
  return Number.isFinite(a) && Number.isFinite(b) && Math.abs(a - b) <= absolute + relative * Math.abs(b);
}
