/** What to multiply; the host writes it field by field, as numbers of 32 bits. Strides are in floats. */
@unmanaged
export class Product {
  a: usize;
  b: usize;
  c: usize;
  /** Address of a row to begin the sums with, or 0. */
  bias: usize;
  /** Whether max(0, C) is asked for. */
  rectified: usize;
  columns: usize;
  bColumn: isize;
  /** Three nested axes along the rows of A and C, the last one fastest. */
  rows0: usize;
  rows1: usize;
  rows2: usize;
  aRows0: isize;
  aRows1: isize;
  aRows2: isize;
  cRows0: isize;
  cRows1: isize;
  cRows2: isize;
  /** Three along the columns of A and the rows of B. */
  inner0: usize;
  inner1: usize;
  inner2: usize;
  aInner0: isize;
  aInner1: isize;
  aInner2: isize;
  bInner0: isize;
  bInner1: isize;
  bInner2: isize;
  /** The rows that are to be made, all of them or the share of one thread: from this one on to before that one. */
  firstRow: usize;
  endRow: usize;

  get rows(): usize {
    return this.rows0 * this.rows1 * this.rows2;
  }

  get inner(): usize {
    return this.inner0 * this.inner1 * this.inner2;
  }

  /** Whether the entries of each row of A lie beside each other. */
  get hasContiguousRows(): bool {
    return this.inner0 * this.inner1 == 1 && this.aInner2 == 1;
  }

  /** Whether the entries of each column of B lie beside each other. */
  get hasContiguousColumns(): bool {
    return this.inner0 * this.inner1 == 1 && this.bInner2 == 1;
  }

  /** Whether it is one row times rows of B that are contiguous and evenly spaced. */
  get isRow(): bool {
    return this.rows == 1 && this.inner0 * this.inner1 == 1 && this.bColumn == 1;
  }
}
