/** dy where x > 0, else 0: the gradient by x of relu(x), entry by entry. NaN passes dy on. */
export function reluGradient(dy: usize, x: usize, dx: usize, length: usize): void {
  const zero = f32x4.splat(0);
  const end = x + (length << 2);
  const wholeEnd = x + ((length & ~3) << 2);
  for (; x < wholeEnd; x += 16, dy += 16, dx += 16) {
    v128.store(dx, v128.andnot(v128.load(dy), f32x4.le(v128.load(x), zero)));
  }
  for (; x < end; x += 4, dy += 4, dx += 4) store<f32>(dx, load<f32>(x) <= 0 ? 0 : load<f32>(dy));
}
