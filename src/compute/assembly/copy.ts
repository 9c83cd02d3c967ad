/** Copies a few floats; no more bytes than these are read or written. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function copyFloats(to: usize, from: usize, count: usize): void {
  const end = to + ((count & ~3) << 2);
  for (; to < end; to += 16, from += 16) v128.store(to, v128.load(from));
  if (count & 2) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
  if (count & 1) store<u32>(to, load<u32>(from));
}

/** Writes four floats of each of four addresses as four columns, `stride` bytes from one row to the next. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function transposeFour(to: usize, stride: usize, from0: usize, from1: usize, from2: usize, from3: usize): void {
  const x0 = v128.load(from0);
  const x1 = v128.load(from1);
  const x2 = v128.load(from2);
  const x3 = v128.load(from3);
  const low01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to + stride, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7));
  v128.store(to + 2 * stride, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5));
  v128.store(to + 3 * stride, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7));
}
