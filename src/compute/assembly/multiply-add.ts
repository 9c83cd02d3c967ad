/**
 * sum + x·y in each of four places. In the module for relaxed SIMD it is rounded once, by processors that can; in the other
 * one the product is rounded before it is added, as all processors do.
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function plus(sum: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(x, y, sum);
  return f32x4.add(sum, f32x4.mul(x, y));
}
