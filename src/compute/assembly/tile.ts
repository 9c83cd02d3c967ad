/** Rows of C that one tile holds in registers: of 16 columns four, of 8 columns five. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function tileRows(wide: bool): usize {
  return wide ? 4 : 5;
}

/** max(0, x), and NaN where x is. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function rectifyRow(wide: bool, row: usize): void {
  const zero = f32x4.splat(0);
  v128.store(row, f32x4.pmax(v128.load(row, 0), zero), 0);
  v128.store(row, f32x4.pmax(v128.load(row, 16), zero), 16);
  if (wide) {
    v128.store(row, f32x4.pmax(v128.load(row, 32), zero), 32);
    v128.store(row, f32x4.pmax(v128.load(row, 48), zero), 48);
  }
}

/**
 * C[i, j] = start[i, j] + Σ_k A[i, k]·B[k, j] for four or five rows and 8 or 16 columns, in registers: each element is
 * one chain of additions over k, whatever the size.
 *
 * V8 pairs the operations on 128 bits to ones on 256 where loads and stores lie at fixed offsets from one address, no
 * branch surrounds the loads of the sums, and the loop is not unrolled: hence this shape, and `start`, which is a row of
 * zeros or the bias repeated, or what stands in C.
 *
 * @param five five rows, else four
 * @param wide 16 columns, for which a register of 256 bits is needed; else 8
 * @param gathered A[i, k] lies at aRows[i] + aColumns[k]; else those of each k beside each other from a on
 * @param b the panel of B, row after row
 * @param starts addresses of the rows of `start`
 * @param sums addresses of the rows of C
 * @param column bytes from the beginning of a row to the tile
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function tile(
  five: bool,
  wide: bool,
  gathered: bool,
  a: usize,
  aRows: usize,
  aColumns: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  const a0: usize = gathered ? load<usize>(aRows, 0) : 0;
  const a1: usize = gathered ? load<usize>(aRows, 4) : 0;
  const a2: usize = gathered ? load<usize>(aRows, 8) : 0;
  const a3: usize = gathered ? load<usize>(aRows, 12) : 0;
  const a4: usize = gathered && five ? load<usize>(aRows, 16) : 0;

  let row = load<usize>(starts, 0) + column;
  let c00 = v128.load(row, 0);
  let c01 = v128.load(row, 16);
  let c02 = wide ? v128.load(row, 32) : c00;
  let c03 = wide ? v128.load(row, 48) : c00;
  row = load<usize>(starts, 4) + column;
  let c10 = v128.load(row, 0);
  let c11 = v128.load(row, 16);
  let c12 = wide ? v128.load(row, 32) : c00;
  let c13 = wide ? v128.load(row, 48) : c00;
  row = load<usize>(starts, 8) + column;
  let c20 = v128.load(row, 0);
  let c21 = v128.load(row, 16);
  let c22 = wide ? v128.load(row, 32) : c00;
  let c23 = wide ? v128.load(row, 48) : c00;
  row = load<usize>(starts, 12) + column;
  let c30 = v128.load(row, 0);
  let c31 = v128.load(row, 16);
  let c32 = wide ? v128.load(row, 32) : c00;
  let c33 = wide ? v128.load(row, 48) : c00;
  if (five) row = load<usize>(starts, 16) + column;
  let c40 = five ? v128.load(row, 0) : c00;
  let c41 = five ? v128.load(row, 16) : c00;
  let c42 = five && wide ? v128.load(row, 32) : c00;
  let c43 = five && wide ? v128.load(row, 48) : c00;

  const rowBytes: usize = wide ? 64 : 32;
  const end = b + steps * rowBytes;
  while (b < end) {
    const at: usize = gathered ? load<usize>(aColumns) : 0;
    const b0 = v128.load(b, 0);
    const b1 = v128.load(b, 16);
    const b2 = wide ? v128.load(b, 32) : b0;
    const b3 = wide ? v128.load(b, 48) : b0;
    let x = gathered ? v128.load32_splat(a0 + at) : v128.load32_splat(a, 0);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    if (wide) {
      c02 = f32x4.add(c02, f32x4.mul(x, b2));
      c03 = f32x4.add(c03, f32x4.mul(x, b3));
    }
    x = gathered ? v128.load32_splat(a1 + at) : v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    if (wide) {
      c12 = f32x4.add(c12, f32x4.mul(x, b2));
      c13 = f32x4.add(c13, f32x4.mul(x, b3));
    }
    x = gathered ? v128.load32_splat(a2 + at) : v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    if (wide) {
      c22 = f32x4.add(c22, f32x4.mul(x, b2));
      c23 = f32x4.add(c23, f32x4.mul(x, b3));
    }
    x = gathered ? v128.load32_splat(a3 + at) : v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    if (wide) {
      c32 = f32x4.add(c32, f32x4.mul(x, b2));
      c33 = f32x4.add(c33, f32x4.mul(x, b3));
    }
    if (five) {
      x = gathered ? v128.load32_splat(a4 + at) : v128.load32_splat(a, 16);
      c40 = f32x4.add(c40, f32x4.mul(x, b0));
      c41 = f32x4.add(c41, f32x4.mul(x, b1));
      if (wide) {
        c42 = f32x4.add(c42, f32x4.mul(x, b2));
        c43 = f32x4.add(c43, f32x4.mul(x, b3));
      }
    }
    if (gathered) aColumns += 4;
    else a += five ? 20 : 16;
    b += rowBytes;
  }

  row = load<usize>(sums, 0) + column;
  v128.store(row, c00, 0);
  v128.store(row, c01, 16);
  if (wide) {
    v128.store(row, c02, 32);
    v128.store(row, c03, 48);
  }
  row = load<usize>(sums, 4) + column;
  v128.store(row, c10, 0);
  v128.store(row, c11, 16);
  if (wide) {
    v128.store(row, c12, 32);
    v128.store(row, c13, 48);
  }
  row = load<usize>(sums, 8) + column;
  v128.store(row, c20, 0);
  v128.store(row, c21, 16);
  if (wide) {
    v128.store(row, c22, 32);
    v128.store(row, c23, 48);
  }
  row = load<usize>(sums, 12) + column;
  v128.store(row, c30, 0);
  v128.store(row, c31, 16);
  if (wide) {
    v128.store(row, c32, 32);
    v128.store(row, c33, 48);
  }
  if (five) {
    row = load<usize>(sums, 16) + column;
    v128.store(row, c40, 0);
    v128.store(row, c41, 16);
    if (wide) {
      v128.store(row, c42, 32);
      v128.store(row, c43, 48);
    }
  }
  // Of what was stored, not of the sums: their use here would let V8 reorder the loop until registers run out.
  if (rectified) {
    const tableEnd = sums + (five ? 20 : 16);
    for (; sums < tableEnd; sums += 4) rectifyRow(wide, load<usize>(sums) + column);
  }
}

export function tile4x16(
  a: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(false, true, false, a, 0, 0, b, steps, starts, sums, column, rectified);
}

export function tile4x8(
  a: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(false, false, false, a, 0, 0, b, steps, starts, sums, column, rectified);
}

export function tile5x8(
  a: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(true, false, false, a, 0, 0, b, steps, starts, sums, column, rectified);
}

export function gathered4x16(
  aRows: usize,
  aColumns: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(false, true, true, 0, aRows, aColumns, b, steps, starts, sums, column, rectified);
}

export function gathered4x8(
  aRows: usize,
  aColumns: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(false, false, true, 0, aRows, aColumns, b, steps, starts, sums, column, rectified);
}

export function gathered5x8(
  aRows: usize,
  aColumns: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(true, false, true, 0, aRows, aColumns, b, steps, starts, sums, column, rectified);
}
