// Sums over float32 entries in double precision, in which no product of two of them overflows or vanishes. Sixteen sums,
// two in a register, need not wait for one another's additions; their order is fixed.

/** Two neighbours, in double precision. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair(x: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(x));
}

function total(s0: v128, s1: v128, s2: v128, s3: v128): f64 {
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** Σ x_i·y_i */
export function dot(x: usize, y: usize, length: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const end = x + (length << 2);
  const wholeEnd = x + ((length & ~15) << 2);
  for (; x < wholeEnd; x += 64, y += 64) {
    s0 = f64x2.add(s0, f64x2.mul(pair(x), pair(y)));
    s1 = f64x2.add(s1, f64x2.mul(pair(x + 8), pair(y + 8)));
    s2 = f64x2.add(s2, f64x2.mul(pair(x + 16), pair(y + 16)));
    s3 = f64x2.add(s3, f64x2.mul(pair(x + 24), pair(y + 24)));
    s4 = f64x2.add(s4, f64x2.mul(pair(x + 32), pair(y + 32)));
    s5 = f64x2.add(s5, f64x2.mul(pair(x + 40), pair(y + 40)));
    s6 = f64x2.add(s6, f64x2.mul(pair(x + 48), pair(y + 48)));
    s7 = f64x2.add(s7, f64x2.mul(pair(x + 56), pair(y + 56)));
  }
  let sum = total(f64x2.add(s0, s4), f64x2.add(s1, s5), f64x2.add(s2, s6), f64x2.add(s3, s7));
  for (; x < end; x += 4, y += 4) sum += <f64>load<f32>(x) * <f64>load<f32>(y);
  return sum;
}

/** Σ x_i */
export function sum(x: usize, length: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = x + (length << 2);
  const wholeEnd = x + ((length & ~7) << 2);
  for (; x < wholeEnd; x += 32) {
    s0 = f64x2.add(s0, pair(x));
    s1 = f64x2.add(s1, pair(x + 8));
    s2 = f64x2.add(s2, pair(x + 16));
    s3 = f64x2.add(s3, pair(x + 24));
  }
  let sum = total(s0, s1, s2, s3);
  for (; x < end; x += 4) sum += <f64>load<f32>(x);
  return sum;
}

/** Σ |x_i| */
export function sumOfMagnitudes(x: usize, length: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = x + (length << 2);
  const wholeEnd = x + ((length & ~7) << 2);
  for (; x < wholeEnd; x += 32) {
    s0 = f64x2.add(s0, f64x2.abs(pair(x)));
    s1 = f64x2.add(s1, f64x2.abs(pair(x + 8)));
    s2 = f64x2.add(s2, f64x2.abs(pair(x + 16)));
    s3 = f64x2.add(s3, f64x2.abs(pair(x + 24)));
  }
  let sum = total(s0, s1, s2, s3);
  for (; x < end; x += 4) sum += <f64>abs(load<f32>(x));
  return sum;
}

/** max |x_i|; NaN where any entry is. */
export function largestMagnitude(x: usize, length: usize): f32 {
  // Magnitudes are in the order of their bits, and NaN is above all.
  const magnitude = i32x4.splat(0x7fffffff);
  let s0 = i32x4.splat(0);
  let s1 = s0;
  const end = x + (length << 2);
  const wholeEnd = x + ((length & ~7) << 2);
  for (; x < wholeEnd; x += 32) {
    s0 = i32x4.max_u(s0, v128.and(magnitude, v128.load(x)));
    s1 = i32x4.max_u(s1, v128.and(magnitude, v128.load(x, 16)));
  }
  const s = i32x4.max_u(s0, s1);
  let largest = <u32>max(
    max(i32x4.extract_lane(s, 0), i32x4.extract_lane(s, 1)),
    max(i32x4.extract_lane(s, 2), i32x4.extract_lane(s, 3)),
  );
  for (; x < end; x += 4) largest = max(largest, load<u32>(x) & 0x7fffffff);
  return reinterpret<f32>(largest);
}
