const ln2: f64 = 0.6931471805599453;

// @ts-expect-error: a decorator of AssemblyScript
@inline
function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** eˣ of two numbers x ≤ 0 or NaN, to 10⁻¹²: 2ᵏ·eʳ with |r| ≤ ½ log 2, and ten terms of eʳ. */
function exponentials(x: v128): v128 {
  const k = f64x2.nearest(f64x2.div(x, both(ln2)));
  const r = f64x2.sub(x, f64x2.mul(k, both(ln2)));
  let sum = both(1);
  for (let n: f64 = 11; n > 0; n--) sum = f64x2.add(both(1), f64x2.mul(f64x2.div(r, both(n)), sum));
  // The sum with a large number ends in the bits of the integer beside the bias of an exponent.
  const power = i64x2.shl(f64x2.add(k, both(6755399441055744 + 1023)), 52);
  // Also the limit of what 2ᵏ can be; less is nothing in float32.
  return v128.andnot(f64x2.mul(sum, power), f64x2.lt(x, both(-700)));
}

/** eˣ⁻ᶜ of two float32 numbers x beside each other, or of one. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function exponentialsFrom(at: usize, isPair: bool, center: v128): v128 {
  const x = isPair ? v128.load64_zero(at) : v128.load32_zero(at);
  return exponentials(f64x2.sub(f64x2.promote_low_f32x4(x), center));
}

/** log x for normal x, to 10⁻¹³: x = 2ᵏ·m with ½ ≤ m² ≤ 2, and log m = 2·artanh((m − 1)/(m + 1)). */
function logarithm(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  let k = (bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) {
    m /= 2;
    k++;
  }
  const s = (m - 1) / (m + 1);
  let sum: f64 = 0;
  for (let n: f64 = 17; n > 0; n -= 2) sum = 1 / n + s * s * sum;
  return <f64>k * ln2 + 2 * s * sum;
}

/**
 * For every row of logits −log softmax(row)[label], and the gradient of that by the row, softmax(row) − e_label. In double
 * precision and relative to the row's largest logit, so that nothing overflows and only the results are rounded.
 *
 * @param logits rows × classes
 * @param labels one class a row, as numbers of 32 bits
 * @param gradient rows × classes
 */
export function crossEntropy(
  logits: usize,
  labels: usize,
  rows: usize,
  classes: usize,
  losses: usize,
  gradient: usize,
): void {
  for (let row: usize = 0; row < rows; row++, logits += classes << 2, gradient += classes << 2) {
    const label = <usize>load<u32>(labels + (row << 2));
    let largest: f64 = load<f32>(logits);
    for (let i: usize = 1; i < classes; i++) largest = max(largest, <f64>load<f32>(logits + (i << 2)));
    const center = both(largest);
    let sum: f64 = 0;
    for (let i: usize = 0; i < classes; i += 2) {
      const isPair = i + 1 < classes;
      const powers = exponentialsFrom(logits + (i << 2), isPair, center);
      sum += f64x2.extract_lane(powers, 0);
      if (isPair) sum += f64x2.extract_lane(powers, 1);
    }
    const margin = largest - <f64>load<f32>(logits + (label << 2));
    store<f32>(losses + (row << 2), <f32>(logarithm(sum) + margin));
    for (let i: usize = 0; i < classes; i += 2) {
      const isPair = i + 1 < classes;
      const powers = exponentialsFrom(logits + (i << 2), isPair, center);
      // Of the label's power the whole sum is taken, of another's nothing.
      const taken = f64x2.replace_lane(both(i == label ? sum : 0), 1, i + 1 == label ? sum : 0);
      const slopes = f32x4.demote_f64x2_zero(f64x2.div(f64x2.sub(powers, taken), both(sum)));
      const to = gradient + (i << 2);
      if (isPair) v128.store64_lane(to, slopes, 0);
      else v128.store32_lane(to, slopes, 0);
    }
  }
}
