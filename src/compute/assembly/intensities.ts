/** Four numbers of 32 bits, divided by 255. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function overLargest(bytes: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_u(bytes), f32x4.splat(255));
}

/** Bytes as float32 numbers in [0, 1]: each divided by 255. */
export function intensities(bytes: usize, result: usize, length: usize): void {
  const end = bytes + length;
  const wholeEnd = bytes + (length & ~7);
  for (; bytes < wholeEnd; bytes += 8, result += 32) {
    const wide = v128.load8x8_u(bytes);
    v128.store(result, overLargest(i32x4.extend_low_i16x8_u(wide)));
    v128.store(result, overLargest(i32x4.extend_high_i16x8_u(wide)), 16);
  }
  for (; bytes < end; bytes++, result += 4) store<f32>(result, <f32>load<u8>(bytes) / 255);
}
