// Products of a float64 matrix, stored row by row, with a vector.

/** The sum of both halves. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function sumOf(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** A·x: each row in four sums of fixed order, four rows at a time. */
export function multiplyVector(rows: usize, columns: usize, a: usize, x: usize, result: usize): void {
  const rowBytes = columns << 3;
  const whole = (columns & ~3) << 3;
  const last = result + ((rows - 1) << 3);
  const end = result + (rows << 3);
  for (; result < end; result += 32, a += 4 * rowBytes) {
    // Rows beyond the last one are made of it again.
    const a1 = a + rowBytes * min<usize>(1, (last - result) >> 3);
    const a2 = a + rowBytes * min<usize>(2, (last - result) >> 3);
    const a3 = a + rowBytes * min<usize>(3, (last - result) >> 3);
    let s0 = f64x2.splat(0);
    let t0 = s0;
    let s1 = s0;
    let t1 = s0;
    let s2 = s0;
    let t2 = s0;
    let s3 = s0;
    let t3 = s0;
    for (let j: usize = 0; j < whole; j += 32) {
      const x0 = v128.load(x + j);
      const x1 = v128.load(x + j, 16);
      s0 = f64x2.add(s0, f64x2.mul(v128.load(a + j), x0));
      t0 = f64x2.add(t0, f64x2.mul(v128.load(a + j, 16), x1));
      s1 = f64x2.add(s1, f64x2.mul(v128.load(a1 + j), x0));
      t1 = f64x2.add(t1, f64x2.mul(v128.load(a1 + j, 16), x1));
      s2 = f64x2.add(s2, f64x2.mul(v128.load(a2 + j), x0));
      t2 = f64x2.add(t2, f64x2.mul(v128.load(a2 + j, 16), x1));
      s3 = f64x2.add(s3, f64x2.mul(v128.load(a3 + j), x0));
      t3 = f64x2.add(t3, f64x2.mul(v128.load(a3 + j, 16), x1));
    }
    store<f64>(result, finish(s0, t0, a, x, whole, rowBytes));
    if (result + 8 < end) store<f64>(result, finish(s1, t1, a1, x, whole, rowBytes), 8);
    if (result + 16 < end) store<f64>(result, finish(s2, t2, a2, x, whole, rowBytes), 16);
    if (result + 24 < end) store<f64>(result, finish(s3, t3, a3, x, whole, rowBytes), 24);
  }
}

/** What is left of a row goes into the first of its four sums. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function finish(s: v128, t: v128, a: usize, x: usize, from: usize, end: usize): f64 {
  let first = f64x2.extract_lane(s, 0);
  for (let j = from; j < end; j += 8) first += load<f64>(a + j) * load<f64>(x + j);
  return first + f64x2.extract_lane(s, 1) + sumOf(t);
}

/** Aᵀ·y, onto what is there: each entry is one chain of additions in the order of the rows, four of which are read at a time. */
export function addVectorTransposed(rows: usize, columns: usize, a: usize, y: usize, result: usize): void {
  const rowBytes = columns << 3;
  const whole = (columns & ~1) << 3;
  const end = y + (rows << 3);
  for (; y + 32 <= end; y += 32, a += 4 * rowBytes) {
    const a1 = a + rowBytes;
    const a2 = a1 + rowBytes;
    const a3 = a2 + rowBytes;
    const y0 = v128.load64_splat(y);
    const y1 = v128.load64_splat(y, 8);
    const y2 = v128.load64_splat(y, 16);
    const y3 = v128.load64_splat(y, 24);
    for (let j: usize = 0; j < whole; j += 16) {
      let sum = f64x2.add(v128.load(result + j), f64x2.mul(v128.load(a + j), y0));
      sum = f64x2.add(sum, f64x2.mul(v128.load(a1 + j), y1));
      sum = f64x2.add(sum, f64x2.mul(v128.load(a2 + j), y2));
      v128.store(result + j, f64x2.add(sum, f64x2.mul(v128.load(a3 + j), y3)));
    }
    for (let j = whole; j < rowBytes; j += 8) {
      let sum = load<f64>(result + j) + load<f64>(a + j) * load<f64>(y);
      sum += load<f64>(a1 + j) * load<f64>(y, 8);
      sum += load<f64>(a2 + j) * load<f64>(y, 16);
      store<f64>(result + j, sum + load<f64>(a3 + j) * load<f64>(y, 24));
    }
  }
  for (; y < end; y += 8, a += rowBytes) {
    for (let j: usize = 0; j < rowBytes; j += 8) {
      store<f64>(result + j, load<f64>(result + j) + load<f64>(a + j) * load<f64>(y));
    }
  }
}
