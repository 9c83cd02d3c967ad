/**
 * The sum of each column of a matrix, in the order of its rows.
 *
 * @param x the address of its first entry; a row follows the other
 * @param result where the sums go
 */
export function columnSums(x: usize, result: usize, rows: usize, columns: usize): void {
  const stride = columns << 2;
  const below = rows * stride;
  const end = x + stride;
  // Eight sums, four in a register, need not wait for one another's additions.
  const manyEnd = x + ((columns & ~31) << 2);
  for (; x < manyEnd; x += 128, result += 128) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    for (let at = x; at < x + below; at += stride) {
      s0 = f32x4.add(s0, v128.load(at));
      s1 = f32x4.add(s1, v128.load(at, 16));
      s2 = f32x4.add(s2, v128.load(at, 32));
      s3 = f32x4.add(s3, v128.load(at, 48));
      s4 = f32x4.add(s4, v128.load(at, 64));
      s5 = f32x4.add(s5, v128.load(at, 80));
      s6 = f32x4.add(s6, v128.load(at, 96));
      s7 = f32x4.add(s7, v128.load(at, 112));
    }
    v128.store(result, s0);
    v128.store(result, s1, 16);
    v128.store(result, s2, 32);
    v128.store(result, s3, 48);
    v128.store(result, s4, 64);
    v128.store(result, s5, 80);
    v128.store(result, s6, 96);
    v128.store(result, s7, 112);
  }
  const fewEnd = end - ((columns & 3) << 2);
  for (; x < fewEnd; x += 16, result += 16) {
    let s = f32x4.splat(0);
    for (let at = x; at < x + below; at += stride) s = f32x4.add(s, v128.load(at));
    v128.store(result, s);
  }
  for (; x < end; x += 4, result += 4) {
    let s: f32 = 0;
    for (let at = x; at < x + below; at += stride) s += load<f32>(at);
    store<f32>(result, s);
  }
}
