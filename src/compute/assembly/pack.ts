import { copyFloats, transposeFour } from "./copy";

/**
 * Copies four or five rows of A, whose entries lie at rows[i] + columns[k], so that those of each k stand beside each
 * other.
 *
 * @param isContiguous whether the entries of each row lie beside each other
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function packRows(five: bool, packed: usize, rows: usize, columns: usize, steps: usize, isContiguous: bool): void {
  const a0 = load<usize>(rows, 0);
  const a1 = load<usize>(rows, 4);
  const a2 = load<usize>(rows, 8);
  const a3 = load<usize>(rows, 12);
  const a4 = five ? load<usize>(rows, 16) : 0;
  const step: usize = five ? 20 : 16;
  const end = columns + (steps << 2);
  if (isContiguous) {
    for (; columns + 16 <= end; columns += 16, packed += 4 * step) {
      const at = load<usize>(columns);
      transposeFour(packed, step, a0 + at, a1 + at, a2 + at, a3 + at);
      if (five) {
        const last = v128.load(a4 + at);
        v128.store32_lane(packed, last, 0, 16);
        v128.store32_lane(packed, last, 1, 36);
        v128.store32_lane(packed, last, 2, 56);
        v128.store32_lane(packed, last, 3, 76);
      }
    }
  }
  for (; columns < end; columns += 4, packed += step) {
    const at = load<usize>(columns);
    store<f32>(packed, load<f32>(a0 + at), 0);
    store<f32>(packed, load<f32>(a1 + at), 4);
    store<f32>(packed, load<f32>(a2 + at), 8);
    store<f32>(packed, load<f32>(a3 + at), 12);
    if (five) store<f32>(packed, load<f32>(a4 + at), 16);
  }
}

export function packFour(packed: usize, rows: usize, columns: usize, steps: usize, isContiguous: bool): void {
  packRows(false, packed, rows, columns, steps, isContiguous);
}

export function packFive(packed: usize, rows: usize, columns: usize, steps: usize, isContiguous: bool): void {
  packRows(true, packed, rows, columns, steps, isContiguous);
}

/** Copies columns of B that lie beside each other, row after row of `width` floats. */
function packWholeRows(packed: usize, rows: usize, end: usize, columns: usize, width: usize): void {
  if (columns == width) {
    for (; rows < end; rows += 4) {
      let from = load<usize>(rows);
      for (const stop = packed + (width << 2); packed < stop; packed += 32, from += 32) {
        v128.store(packed, v128.load(from, 0), 0);
        v128.store(packed, v128.load(from, 16), 16);
      }
    }
  } else {
    for (; rows < end; rows += 4, packed += width << 2) copyFloats(packed, load<usize>(rows), columns);
  }
}

/**
 * Copies columns of B, row after row of `width` floats; where B has fewer columns, the rest is left as it is.
 *
 * @param rows addresses of the first entries of each row
 * @param stride bytes from one column to the next
 * @param isContiguous whether the entries of each column lie beside each other
 */
export function packColumns(
  packed: usize,
  rows: usize,
  steps: usize,
  stride: usize,
  columns: usize,
  width: usize,
  isContiguous: bool,
): void {
  const end = rows + (steps << 2);
  const rowBytes = width << 2;
  if (stride == 4) return packWholeRows(packed, rows, end, columns, width);
  if (isContiguous) {
    for (; rows + 16 <= end; rows += 16, packed += 4 * rowBytes) {
      let from = load<usize>(rows);
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
    let from = load<usize>(rows);
    const stop = packed + (columns << 2);
    for (let to = packed; to < stop; to += 4, from += stride) store<f32>(to, load<f32>(from));
  }
}
