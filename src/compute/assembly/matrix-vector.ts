// Products of a float64 matrix, stored row by row, with a vector. As in tiles, V8 pairs operations on 128 bits where loads
// and stores lie at fixed offsets from one address: hence sums that begin with zeros of the memory, and end there too.

/** Bytes of memory that `multiplyVector` needs besides. */
export const sumsBytes: usize = 160;

/** The sum of a row's four sums, two in each register, with what is left of the row in the first. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function finish(s: v128, t: v128, a: usize, x: usize, from: usize, end: usize): f64 {
  let first = f64x2.extract_lane(s, 0);
  for (let j = from; j < end; j += 8) first += load<f64>(a + j) * load<f64>(x + j);
  return first + f64x2.extract_lane(s, 1) + (f64x2.extract_lane(t, 0) + f64x2.extract_lane(t, 1));
}

/** sum + x·y */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function plus(sum: v128, x: v128, y: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, y));
}

/**
 * A·x: each row in four sums of fixed order, four rows at a time. Of a matrix of fewer than four rows, memory is read as
 * if it had four.
 *
 * @param scratch so many bytes as `sumsBytes`
 */
export function multiplyVector(rows: usize, columns: usize, a: usize, x: usize, result: usize, scratch: usize): void {
  const rowBytes = columns << 3;
  const whole = (columns & ~3) << 3;
  const last = result + ((rows - 1) << 3);
  const end = result + (rows << 3);
  const sums = scratch + 32;
  const lastFour = a + max<usize>(rows, 4) * rowBytes - 4 * rowBytes;
  v128.store(scratch, f64x2.splat(0), 0);
  v128.store(scratch, f64x2.splat(0), 16);
  for (; result < end; result += 32, a += 4 * rowBytes) {
    // Rows beyond the last one are made of it again.
    const a1 = a + rowBytes * min<usize>(1, (last - result) >> 3);
    const a2 = a + rowBytes * min<usize>(2, (last - result) >> 3);
    const a3 = a + rowBytes * min<usize>(3, (last - result) >> 3);
    let s0 = v128.load(scratch, 0);
    let t0 = v128.load(scratch, 16);
    let s1 = v128.load(scratch, 0);
    let t1 = v128.load(scratch, 16);
    let s2 = v128.load(scratch, 0);
    let t2 = v128.load(scratch, 16);
    let s3 = v128.load(scratch, 0);
    let t3 = v128.load(scratch, 16);
    // Meanwhile the rows after the next four are fetched, line by line: rows are too short for the processor to foresee it.
    const soon = min(a + 8 * rowBytes, lastFour);
    for (let j: usize = 0; j < whole; j += 32) {
      load<i32>(soon + (j << 2), 0);
      load<i32>(soon + (j << 2), 64);
      let x0 = v128.load(x + j, 0);
      let x1 = v128.load(x + j, 16);
      s0 = plus(s0, v128.load(a + j, 0), x0);
      t0 = plus(t0, v128.load(a + j, 16), x1);
      s1 = plus(s1, v128.load(a1 + j, 0), x0);
      t1 = plus(t1, v128.load(a1 + j, 16), x1);
      s2 = plus(s2, v128.load(a2 + j, 0), x0);
      t2 = plus(t2, v128.load(a2 + j, 16), x1);
      s3 = plus(s3, v128.load(a3 + j, 0), x0);
      t3 = plus(t3, v128.load(a3 + j, 16), x1);
    }
    v128.store(sums, s0, 0);
    v128.store(sums, t0, 16);
    v128.store(sums, s1, 32);
    v128.store(sums, t1, 48);
    v128.store(sums, s2, 64);
    v128.store(sums, t2, 80);
    v128.store(sums, s3, 96);
    v128.store(sums, t3, 112);
    store<f64>(result, finish(s0, t0, a, x, whole, rowBytes));
    if (result + 8 < end) store<f64>(result, finish(s1, t1, a1, x, whole, rowBytes), 8);
    if (result + 16 < end) store<f64>(result, finish(s2, t2, a2, x, whole, rowBytes), 16);
    if (result + 24 < end) store<f64>(result, finish(s3, t3, a3, x, whole, rowBytes), 24);
  }
}

/** Aᵀ·y, onto what is there: each entry is one chain of additions in the order of the rows, four of which are read at a time. */
export function addVectorTransposed(rows: usize, columns: usize, a: usize, y: usize, result: usize): void {
  const rowBytes = columns << 3;
  const whole = (columns & ~3) << 3;
  const end = y + (rows << 3);
  for (; y + 32 <= end; y += 32, a += 4 * rowBytes) {
    const a1 = a + rowBytes;
    const a2 = a1 + rowBytes;
    const a3 = a2 + rowBytes;
    const y0 = v128.load64_splat(y);
    const y1 = v128.load64_splat(y, 8);
    const y2 = v128.load64_splat(y, 16);
    const y3 = v128.load64_splat(y, 24);
    for (let j: usize = 0; j < whole; j += 32) {
      let s = v128.load(result + j, 0);
      let t = v128.load(result + j, 16);
      s = plus(s, v128.load(a + j, 0), y0);
      t = plus(t, v128.load(a + j, 16), y0);
      s = plus(s, v128.load(a1 + j, 0), y1);
      t = plus(t, v128.load(a1 + j, 16), y1);
      s = plus(s, v128.load(a2 + j, 0), y2);
      t = plus(t, v128.load(a2 + j, 16), y2);
      s = plus(s, v128.load(a3 + j, 0), y3);
      t = plus(t, v128.load(a3 + j, 16), y3);
      v128.store(result + j, s, 0);
      v128.store(result + j, t, 16);
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
