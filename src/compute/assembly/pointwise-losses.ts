// Slopes of pointwise losses, written over the predictions; at `sums` their losses are added up in the order of the examples,
// and behind them, of classifiers, how many are classified correctly.
import { exponential, logarithm } from "./exponential";
import { addVectorTransposed, multiplyVector } from "./matrix-vector";

/** Adds both halves, one after the other. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function addBoth(sums: usize, losses: v128): void {
  const first = load<f64>(sums) + f64x2.extract_lane(losses, 0);
  store<f64>(sums, first + f64x2.extract_lane(losses, 1));
}

/** ½(z − y)², but for the factor */
function squaredSlopes(count: usize, predictions: usize, targets: usize, sums: usize): void {
  const end = predictions + (count << 3);
  let z = predictions;
  let y = targets;
  for (; z + 16 <= end; z += 16, y += 16) {
    const residuals = f64x2.sub(v128.load(z), v128.load(y));
    addBoth(sums, f64x2.mul(residuals, residuals));
    v128.store(z, residuals);
  }
  if (z === end) return;
  const residual = load<f64>(z) - load<f64>(y);
  store<f64>(sums, load<f64>(sums) + residual * residual);
  store<f64>(z, residual);
}

/** The signs of numbers; 0, −0 and NaN are their own. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function signs(x: v128): v128 {
  const zero = f64x2.splat(0);
  const ofPositive = v128.bitselect(f64x2.splat(1), x, f64x2.gt(x, zero));
  return v128.bitselect(f64x2.splat(-1), ofPositive, f64x2.lt(x, zero));
}

/** |z − y| */
function absoluteSlopes(count: usize, predictions: usize, targets: usize, sums: usize): void {
  const end = predictions + (count << 3);
  let z = predictions;
  let y = targets;
  for (; z + 16 <= end; z += 16, y += 16) {
    const residuals = f64x2.sub(v128.load(z), v128.load(y));
    addBoth(sums, f64x2.abs(residuals));
    v128.store(z, signs(residuals));
  }
  if (z === end) return;
  const residual = load<f64>(z) - load<f64>(y);
  store<f64>(sums, load<f64>(sums) + abs(residual));
  store<f64>(z, f64x2.extract_lane(signs(f64x2.splat(residual)), 0));
}

/** log(1 + e^x), given e^{−|x|} and 1 + e^{−|x|}; what the rounding of the sum took is put back. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function softplus(x: v128, power: v128, sum: v128): v128 {
  const one = f64x2.splat(1);
  const logarithmOfSum = f64x2.mul(logarithm(sum), f64x2.div(power, f64x2.sub(sum, one)));
  const ofPower = v128.bitselect(power, logarithmOfSum, f64x2.eq(sum, one));
  return f64x2.add(f64x2.max(x, f64x2.splat(0)), ofPower);
}

/** log(1 + e^{−yz}), y = ±1; yz ≥ 0 counts as correct. */
function logisticSlopes(count: usize, predictions: usize, targets: usize, sums: usize): void {
  const end = predictions + (count << 3);
  let correct: i64 = 0;
  for (let z = predictions, y = targets; z < end; z += 16, y += 16) {
    const isPair = z + 16 <= end;
    const labels = isPair ? v128.load(y) : f64x2.splat(load<f64>(y));
    const margins = f64x2.mul(labels, isPair ? v128.load(z) : f64x2.splat(load<f64>(z)));
    const x = f64x2.neg(margins);
    const zero = f64x2.splat(0);
    const power = exponential(f64x2.neg(f64x2.abs(x)));
    const sum = f64x2.add(f64x2.splat(1), power);
    const sigmoid = f64x2.div(v128.bitselect(f64x2.splat(1), power, f64x2.ge(x, zero)), sum);
    const losses = softplus(x, power, sum);
    const slopes = f64x2.neg(f64x2.mul(labels, sigmoid));
    const isCorrect = f64x2.ge(margins, zero);
    correct -= i64x2.extract_lane(isCorrect, 0);
    if (isPair) {
      addBoth(sums, losses);
      correct -= i64x2.extract_lane(isCorrect, 1);
      v128.store(z, slopes);
    } else {
      store<f64>(sums, load<f64>(sums) + f64x2.extract_lane(losses, 0));
      store<f64>(z, f64x2.extract_lane(slopes, 0));
    }
  }
  store<f64>(sums, load<f64>(sums, 8) + <f64>correct, 8);
}

/** The pointwise losses, in an order that the caller knows too. */
const squared = 0;
const absolute = 1;

/**
 * Losses and slopes of the predictions A·x, and the slopes' sum Aᵀ·s, onto zeros: so many rows at a time that they are at
 * hand when their slopes are known.
 */
export function fit(
  loss: i32,
  rows: usize,
  columns: usize,
  rowsAtOnce: usize,
  a: usize,
  x: usize,
  targets: usize,
  predictions: usize,
  sums: usize,
  result: usize,
): void {
  for (let row: usize = 0; row < rows; row += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - row);
    const block = a + ((row * columns) << 3);
    const targetsOfBlock = targets + (row << 3);
    multiplyVector(count, columns, block, x, predictions);
    if (loss === squared) squaredSlopes(count, predictions, targetsOfBlock, sums);
    else if (loss === absolute) absoluteSlopes(count, predictions, targetsOfBlock, sums);
    else logisticSlopes(count, predictions, targetsOfBlock, sums);
    addVectorTransposed(count, columns, block, predictions, result);
  }
}
