import { plus } from "./multiply-add";

/** Rows of C that one tile holds in registers. */
export const tileRows: usize = 5;

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
 * C[i, j] = start[i, j] + Σ_k A[i, k]·B[k, j] for five rows and 8 or 16 columns, in registers: each element is one chain
 * of additions over k, whatever the size.
 *
 * V8 pairs the operations on 128 bits to ones on 256 where loads and stores lie at fixed offsets from one address and no
 * branch surrounds the loads of the sums: hence this shape, and `start`, which is a row of zeros or the bias repeated, or
 * what stands in C. Two steps a turn of the loop, with a way out between them, take less than two turns; with narrow tiles
 * V8 of Node 20 and 22 runs out of registers then.
 *
 * @param wide 16 columns, for which registers of 256 bits are needed; else 8
 * @param gathered A[i, k] lies at aRows[i] + aColumns[k]; else those of each k beside each other from a on
 * @param b the panel of B, row after row
 * @param starts addresses of the rows of `start`
 * @param sums addresses of the rows of C
 * @param column bytes from the beginning of a row to the tile
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function tile(
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
  const a4: usize = gathered ? load<usize>(aRows, 16) : 0;

  let row = load<usize>(starts, 0) + column;
  let c00 = v128.load(row, 0);
  let c01 = v128.load(row, 16);
  let c02 = wide ? v128.load(row, 32) : c00;
  let c03 = wide ? v128.load(row, 48) : c00;
  row = load<usize>(starts, 4) + column;
  let c10 = v128.load(row, 0);
  let c11 = v128.load(row, 16);
  let c12 = wide ? v128.load(row, 32) : c10;
  let c13 = wide ? v128.load(row, 48) : c10;
  row = load<usize>(starts, 8) + column;
  let c20 = v128.load(row, 0);
  let c21 = v128.load(row, 16);
  let c22 = wide ? v128.load(row, 32) : c20;
  let c23 = wide ? v128.load(row, 48) : c20;
  row = load<usize>(starts, 12) + column;
  let c30 = v128.load(row, 0);
  let c31 = v128.load(row, 16);
  let c32 = wide ? v128.load(row, 32) : c30;
  let c33 = wide ? v128.load(row, 48) : c30;
  row = load<usize>(starts, 16) + column;
  let c40 = v128.load(row, 0);
  let c41 = v128.load(row, 16);
  let c42 = wide ? v128.load(row, 32) : c40;
  let c43 = wide ? v128.load(row, 48) : c40;

  const twice = wide && !gathered;
  if (twice) {
    // The addresses that these offsets lead to are made here once; in the loop V8 would make them at every turn.
    v128.load32_splat(a, 4);
    v128.load32_splat(a, 8);
    v128.load32_splat(a, 12);
    v128.load32_splat(a, 16);
  }
  const rowBytes: usize = wide ? 64 : 32;
  const end = b + steps * rowBytes;
  while (b < end) {
    const at: usize = gathered ? load<usize>(aColumns) : 0;
    let b0 = v128.load(b, 0);
    let b1 = v128.load(b, 16);
    let b2 = wide ? v128.load(b, 32) : b0;
    let b3 = wide ? v128.load(b, 48) : b0;
    let x = gathered ? v128.load32_splat(a0 + at) : v128.load32_splat(a, 0);
    c00 = plus(c00, x, b0);
    c01 = plus(c01, x, b1);
    if (wide) {
      c02 = plus(c02, x, b2);
      c03 = plus(c03, x, b3);
    }
    x = gathered ? v128.load32_splat(a1 + at) : v128.load32_splat(a, 4);
    c10 = plus(c10, x, b0);
    c11 = plus(c11, x, b1);
    if (wide) {
      c12 = plus(c12, x, b2);
      c13 = plus(c13, x, b3);
    }
    x = gathered ? v128.load32_splat(a2 + at) : v128.load32_splat(a, 8);
    c20 = plus(c20, x, b0);
    c21 = plus(c21, x, b1);
    if (wide) {
      c22 = plus(c22, x, b2);
      c23 = plus(c23, x, b3);
    }
    x = gathered ? v128.load32_splat(a3 + at) : v128.load32_splat(a, 12);
    c30 = plus(c30, x, b0);
    c31 = plus(c31, x, b1);
    if (wide) {
      c32 = plus(c32, x, b2);
      c33 = plus(c33, x, b3);
    }
    x = gathered ? v128.load32_splat(a4 + at) : v128.load32_splat(a, 16);
    c40 = plus(c40, x, b0);
    c41 = plus(c41, x, b1);
    if (wide) {
      c42 = plus(c42, x, b2);
      c43 = plus(c43, x, b3);
    }
    if (!gathered) a += 20;

    if (twice) {
      if (b + rowBytes == end) break;
      b0 = v128.load(b, 64);
      b1 = v128.load(b, 80);
      b2 = v128.load(b, 96);
      b3 = v128.load(b, 112);
      x = v128.load32_splat(a, 0);
      c00 = plus(c00, x, b0);
      c01 = plus(c01, x, b1);
      c02 = plus(c02, x, b2);
      c03 = plus(c03, x, b3);
      x = v128.load32_splat(a, 4);
      c10 = plus(c10, x, b0);
      c11 = plus(c11, x, b1);
      c12 = plus(c12, x, b2);
      c13 = plus(c13, x, b3);
      x = v128.load32_splat(a, 8);
      c20 = plus(c20, x, b0);
      c21 = plus(c21, x, b1);
      c22 = plus(c22, x, b2);
      c23 = plus(c23, x, b3);
      x = v128.load32_splat(a, 12);
      c30 = plus(c30, x, b0);
      c31 = plus(c31, x, b1);
      c32 = plus(c32, x, b2);
      c33 = plus(c33, x, b3);
      x = v128.load32_splat(a, 16);
      c40 = plus(c40, x, b0);
      c41 = plus(c41, x, b1);
      c42 = plus(c42, x, b2);
      c43 = plus(c43, x, b3);
      a += 20;
    }

    if (gathered) aColumns += 4;
    b += twice ? 2 * rowBytes : rowBytes;
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
  row = load<usize>(sums, 16) + column;
  v128.store(row, c40, 0);
  v128.store(row, c41, 16);
  if (wide) {
    v128.store(row, c42, 32);
    v128.store(row, c43, 48);
  }
  // Of what was stored, not of the sums: their use here would let V8 reorder the loop until registers run out.
  if (rectified) {
    const tableEnd = sums + (tileRows << 2);
    for (; sums < tableEnd; sums += 4) rectifyRow(wide, load<usize>(sums) + column);
  }
}

export function tile5x16(
  a: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(true, false, a, 0, 0, b, steps, starts, sums, column, rectified);
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
  tile(false, false, a, 0, 0, b, steps, starts, sums, column, rectified);
}

export function gathered5x16(
  aRows: usize,
  aColumns: usize,
  b: usize,
  steps: usize,
  starts: usize,
  sums: usize,
  column: usize,
  rectified: bool,
): void {
  tile(true, true, 0, aRows, aColumns, b, steps, starts, sums, column, rectified);
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
  tile(false, true, 0, aRows, aColumns, b, steps, starts, sums, column, rectified);
}
