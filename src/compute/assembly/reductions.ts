// What is summed. The compiler makes a loop of its own of each.
const products = 0;
const squares = 1;
const entries = 2;
const magnitudes = 3;

/** Two neighbouring terms in double precision, in which no product of float32 numbers overflows or vanishes. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function pair(terms: i32, x: usize, y: usize): v128 {
  const a = f64x2.promote_low_f32x4(v128.load64_zero(x));
  if (terms == products) return f64x2.mul(a, f64x2.promote_low_f32x4(v128.load64_zero(y)));
  if (terms == squares) return f64x2.mul(a, a);
  return terms == magnitudes ? f64x2.abs(a) : a;
}

/** The same of a single one. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function one(terms: i32, x: usize, y: usize): f64 {
  const a = <f64>load<f32>(x);
  if (terms == products) return a * <f64>load<f32>(y);
  if (terms == squares) return a * a;
  return terms == magnitudes ? abs(a) : a;
}

/** Sixteen sums, two in a register, need not wait for one another's additions; their order is fixed. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function total(terms: i32, x: usize, y: usize, length: usize): f64 {
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
    s0 = f64x2.add(s0, pair(terms, x, y));
    s1 = f64x2.add(s1, pair(terms, x + 8, y + 8));
    s2 = f64x2.add(s2, pair(terms, x + 16, y + 16));
    s3 = f64x2.add(s3, pair(terms, x + 24, y + 24));
    s4 = f64x2.add(s4, pair(terms, x + 32, y + 32));
    s5 = f64x2.add(s5, pair(terms, x + 40, y + 40));
    s6 = f64x2.add(s6, pair(terms, x + 48, y + 48));
    s7 = f64x2.add(s7, pair(terms, x + 56, y + 56));
  }
  const low = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  const s = f64x2.add(low, f64x2.add(f64x2.add(s4, s5), f64x2.add(s6, s7)));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; x < end; x += 4, y += 4) sum += one(terms, x, y);
  return sum;
}

/** Σ x_i·y_i */
export function dot(x: usize, y: usize, length: usize): f64 {
  return total(products, x, y, length);
}

/** Σ x_i² */
export function sumOfSquares(x: usize, length: usize): f64 {
  return total(squares, x, x, length);
}

/** Σ x_i */
export function sum(x: usize, length: usize): f64 {
  return total(entries, x, x, length);
}

/** Σ |x_i| */
export function sumOfMagnitudes(x: usize, length: usize): f64 {
  return total(magnitudes, x, x, length);
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
