import { copyFloats, transposeFour } from "./copy";

/**
 * Copies five rows of A, whose entries lie at rows[i] + columns[k], so that those of each k stand beside each other.
 *
 * @param isContiguous whether the entries of each row lie beside each other
 */
export function packRows(packed: usize, rows: usize, columns: usize, steps: usize, isContiguous: bool): void {
  const a0 = load<usize>(rows, 0);
  const a1 = load<usize>(rows, 4);
  const a2 = load<usize>(rows, 8);
  const a3 = load<usize>(rows, 12);
  const a4 = load<usize>(rows, 16);
  const end = columns + (steps << 2);
  if (isContiguous) {
    for (; columns + 16 <= end; columns += 16, packed += 80) {
      const at = load<usize>(columns);
      transposeFour(packed, 20, a0 + at, a1 + at, a2 + at, a3 + at);
      const last = v128.load(a4 + at);
      v128.store32_lane(packed, last, 0, 16);
      v128.store32_lane(packed, last, 1, 36);
      v128.store32_lane(packed, last, 2, 56);
      v128.store32_lane(packed, last, 3, 76);
    }
  }
  // As in a matrix that is stored transposed.
  if (a1 - a0 == 4 && a2 - a0 == 8 && a3 - a0 == 12) {
    for (; columns < end; columns += 4, packed += 20) {
      const at = load<usize>(columns);
      v128.store(packed, v128.load(a0 + at));
      store<f32>(packed, load<f32>(a4 + at), 16);
    }
  }
  for (; columns < end; columns += 4, packed += 20) {
    const at = load<usize>(columns);
    store<f32>(packed, load<f32>(a0 + at), 0);
    store<f32>(packed, load<f32>(a1 + at), 4);
    store<f32>(packed, load<f32>(a2 + at), 8);
    store<f32>(packed, load<f32>(a3 + at), 12);
    store<f32>(packed, load<f32>(a4 + at), 16);
  }
}

/** Copies eight floats, or twice as many. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function copyEight(to: usize, from: usize, twice: bool): void {
  v128.store(to, v128.load(from, 0), 0);
  v128.store(to, v128.load(from, 16), 16);
  if (twice) {
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
}

/** Copies columns of B that lie beside each other, row after row of `width` floats. */
function packWholeRows(packed: usize, rows: usize, end: usize, first: usize, columns: usize, width: usize): void {
  if (columns < width) {
    for (; rows < end; rows += 4, packed += width << 2) copyFloats(packed, load<usize>(rows) + first, columns);
  } else if (width == 16) {
    for (; rows < end; rows += 4, packed += 64) copyEight(packed, load<usize>(rows) + first, true);
  } else {
    for (; rows < end; rows += 4, packed += 32) copyEight(packed, load<usize>(rows) + first, false);
  }
}

/**
 * Copies columns of B, row after row of `width` floats; where B has fewer columns, the rest is left as it is.
 *
 * @param rows addresses of each row
 * @param first bytes from there to the first of the columns
 * @param stride bytes from one column to the next
 * @param isContiguous whether the entries of each column lie beside each other
 */
export function packColumns(
  packed: usize,
  rows: usize,
  first: usize,
  steps: usize,
  stride: usize,
  columns: usize,
  width: usize,
  isContiguous: bool,
): void {
  const end = rows + (steps << 2);
  const rowBytes = width << 2;
  if (stride == 4) return packWholeRows(packed, rows, end, first, columns, width);
  if (isContiguous) {
    for (; rows + 16 <= end; rows += 16, packed += 4 * rowBytes) {
      let from = load<usize>(rows) + first;
      let column: usize = 0;
      for (; column + 4 <= columns; column += 4, from += 4 * stride) {
        transposeFour(packed + (column << 2), rowBytes, from, from + stride, from + 2 * stride, from + 3 * stride);
      }
      for (; column < columns; column++, from += stride) {
        const four = v128.load(from);
        const to = packed + (column << 2);
        v128.store32_lane(to, four, 0);
        v128.store32_lane(to + rowBytes, four, 1);
        v128.store32_lane(to + 2 * rowBytes, four, 2);
        v128.store32_lane(to + 3 * rowBytes, four, 3);
      }
    }
  }
  for (; rows < end; rows += 4, packed += rowBytes) {
    let from = load<usize>(rows) + first;
    const stop = packed + (columns << 2);
    for (let to = packed; to < stop; to += 4, from += stride) store<f32>(to, load<f32>(from));
  }
}

/**
 * Copies columns of B that lie beside each other into panels of 16, row after row as they lie in memory.
 *
 * @param rows addresses of each row
 * @param bytes of a row, a multiple of 64
 */
export function packWholePanels(packed: usize, rows: usize, steps: usize, bytes: usize): void {
  const end = rows + (steps << 2);
  const panelBytes = steps << 6;
  for (; rows < end; rows += 4, packed += 64) {
    const from = load<usize>(rows);
    let to = packed;
    for (let at = from; at < from + bytes; at += 64, to += panelBytes) copyEight(to, at, true);
  }
}
