// Slopes of pointwise losses, written over the predictions, beside the losses. Four examples are taken at a time, in pairs
// that V8 makes one: what lies behind the last example is computed with, and of no account.
import { Constants, writeConstants } from "./constants";
import { both, exponential, logarithm } from "./exponential";
import { addVectorTransposed, multiplyVector, sumsBytes } from "./matrix-vector";

/** ½(z − y)², but for the factor */
function squaredSlopes(count: usize, z: usize, y: usize, losses: usize): void {
  for (const end = z + (count << 3); z < end; z += 16, y += 16, losses += 16) {
    const residuals = f64x2.sub(v128.load(z), v128.load(y));
    v128.store(losses, f64x2.mul(residuals, residuals));
    v128.store(z, residuals);
  }
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
function absoluteSlopes(count: usize, z: usize, y: usize, losses: usize): void {
  for (const end = z + (count << 3); z < end; z += 16, y += 16, losses += 16) {
    const residuals = f64x2.sub(v128.load(z), v128.load(y));
    v128.store(losses, f64x2.abs(residuals));
    v128.store(z, signs(residuals));
  }
}

// Signs are changed by their bits: operations on bits are paired, those that change signs are not.
// @ts-expect-error: a decorator of AssemblyScript
@inline
function negated(x: v128): v128 {
  return v128.xor(x, f64x2.splat(-0.0));
}
// @ts-expect-error: a decorator of AssemblyScript
@inline
function negatedMagnitude(x: v128): v128 {
  return v128.or(x, f64x2.splat(-0.0));
}

/** log(1 + e^x), given e^{−|x|} and 1 + e^{−|x|}; what the rounding of the sum took is put back. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function softplus(x: v128, power: v128, sum: v128, c: Constants): v128 {
  const one = both(c.one);
  const logarithmOfSum = f64x2.mul(logarithm(sum, c), f64x2.div(power, f64x2.sub(sum, one)));
  const ofPower = v128.bitselect(power, logarithmOfSum, f64x2.eq(sum, one));
  return f64x2.add(f64x2.max(x, f64x2.splat(0)), ofPower);
}

/** e^{−|yz|}, y = ±1, in place of the losses */
function decays(count: usize, z: usize, y: usize, losses: usize, c: Constants): void {
  for (const end = z + (count << 3); z < end; z += 32, y += 32, losses += 32) {
    const x0 = f64x2.mul(v128.load(y, 0), v128.load(z, 0));
    const x1 = f64x2.mul(v128.load(y, 16), v128.load(z, 16));
    const power0 = exponential(negatedMagnitude(x0), c);
    const power1 = exponential(negatedMagnitude(x1), c);
    v128.store(losses, power0, 0);
    v128.store(losses, power1, 16);
  }
}

/** log(1 + e^{−yz}), y = ±1: in two goes, of whose shorter chains the processor works at several at a time. */
function logisticSlopes(count: usize, z: usize, y: usize, losses: usize, c: Constants): void {
  decays(count, z, y, losses, c);
  const one = both(c.one);
  const zero = f64x2.splat(0);
  for (const end = z + (count << 3); z < end; z += 32, y += 32, losses += 32) {
    const y0 = v128.load(y, 0);
    const y1 = v128.load(y, 16);
    const x0 = negated(f64x2.mul(y0, v128.load(z, 0)));
    const x1 = negated(f64x2.mul(y1, v128.load(z, 16)));
    const power0 = v128.load(losses, 0);
    const power1 = v128.load(losses, 16);
    const sum0 = f64x2.add(one, power0);
    const sum1 = f64x2.add(one, power1);
    const sigmoid0 = f64x2.div(v128.bitselect(one, power0, f64x2.ge(x0, zero)), sum0);
    const sigmoid1 = f64x2.div(v128.bitselect(one, power1, f64x2.ge(x1, zero)), sum1);
    const losses0 = softplus(x0, power0, sum0, c);
    const losses1 = softplus(x1, power1, sum1, c);
    v128.store(losses, losses0, 0);
    v128.store(losses, losses1, 16);
    v128.store(z, negated(f64x2.mul(y0, sigmoid0)), 0);
    v128.store(z, negated(f64x2.mul(y1, sigmoid1)), 16);
  }
}

/** How many of the predictions have yz ≥ 0. */
function countCorrect(count: usize, z: usize, y: usize): f64 {
  let correct: usize = 0;
  for (const end = z + (count << 3); z < end; z += 8, y += 8) correct += usize(load<f64>(y) * load<f64>(z) >= 0);
  return <f64>correct;
}

/** `start` and so many losses, added up in the order of the examples. */
function addLosses(start: f64, count: usize, losses: usize): f64 {
  let sum = start;
  for (const end = losses + (count << 3); losses < end; losses += 8) sum += load<f64>(losses);
  return sum;
}

/** The pointwise losses, in an order that the caller knows too. */
const squared = 0;
const absolute = 1;

/**
 * Losses and slopes of the predictions A·x, and the slopes' sum Aᵀ·s, onto zeros: so many rows at a time that they are at
 * hand when their slopes are known.
 *
 * @param predictions of so many rows and three more
 * @param losses as many
 * @param totals where the sum of the losses is added, and behind it, of classifiers, how many are classified correctly
 * @param scratch of `multiplyVector`, and behind it the constants
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
  losses: usize,
  totals: usize,
  result: usize,
  scratch: usize,
): void {
  const constants = changetype<Constants>(scratch + sumsBytes);
  writeConstants(constants);
  for (let row: usize = 0; row < rows; row += rowsAtOnce) {
    const count = min(rowsAtOnce, rows - row);
    const block = a + ((row * columns) << 3);
    const y = targets + (row << 3);
    multiplyVector(count, columns, block, x, predictions, scratch);
    if (loss === squared) squaredSlopes(count, predictions, y, losses);
    else if (loss === absolute) absoluteSlopes(count, predictions, y, losses);
    else {
      store<f64>(totals, load<f64>(totals, 8) + countCorrect(count, predictions, y), 8);
      logisticSlopes(count, predictions, y, losses, constants);
    }
    store<f64>(totals, addLosses(load<f64>(totals), count, losses));
    addVectorTransposed(count, columns, block, predictions, result);
  }
}
