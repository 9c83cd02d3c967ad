const ln2: f64 = 0.6931471805599453;

/** eˣ for x ≤ 0, to 10⁻¹²: 2ᵏ·eʳ with |r| ≤ ½ log 2, and ten terms of eʳ. */
function exponential(x: f64): f64 {
  // Also the limit of what 2ᵏ can be; less is nothing in float32.
  if (x < -700) return 0;
  const k = nearest(x / ln2);
  const r = x - k * ln2;
  let sum: f64 = 1;
  for (let n: f64 = 11; n > 0; n--) sum = 1 + (r / n) * sum;
  return sum * reinterpret<f64>((<i64>k + 1023) << 52);
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
    let sum: f64 = 0;
    for (let i: usize = 0; i < classes; i++) sum += exponential(<f64>load<f32>(logits + (i << 2)) - largest);
    const margin = largest - <f64>load<f32>(logits + (label << 2));
    store<f32>(losses + (row << 2), <f32>(logarithm(sum) + margin));
    for (let i: usize = 0; i < classes; i++) {
      const power = exponential(<f64>load<f32>(logits + (i << 2)) - largest);
      store<f32>(gradient + (i << 2), <f32>((i == label ? power - sum : power) / sum));
    }
  }
}
