import { writeAddresses } from "./offsets";
import { Product } from "./product";
import { tileRows } from "./tile";

/**
 * Entries of the sum over k, columns and rows that are packed at a time, at most: A's share stays in the second cache, and
 * that of one tile in both matrices in the first.
 */
export const innerBlock: usize = 320;
export const columnBlock: usize = 1024;
export const rowBlock: usize = 160;

// Tables of addresses, one for each row or step of the block, and what else a block needs.
const rowBytes: usize = columnBlock << 2;
export const starts: usize = 0;
export const scratch: usize = starts + 32;
export const aRows: usize = scratch + 32;
export const cRows: usize = aRows + (rowBlock << 2);
export const aColumns: usize = cRows + (rowBlock << 2);
export const bRows: usize = aColumns + (innerBlock << 2);
const startRow: usize = bRows + (innerBlock << 2);
const scratchRows: usize = startRow + rowBytes;
export const packedA: usize = scratchRows + tileRows * rowBytes;
export const packedB: usize = packedA + ((rowBlock * innerBlock) << 2);
export const workspaceSize: usize = packedB + ((columnBlock * innerBlock) << 2);

/** A tile's rows of `start`, which are all the same, and its rows of sums that belong to no matrix. */
export function writeStarts(workspace: usize, product: Product, column: usize, columns: usize): void {
  const row = workspace + startRow;
  memory.fill(row, 0, rowBytes);
  if (product.bias) memory.copy(row, product.bias + (column << 2), columns << 2);
  for (let i: usize = 0; i < tileRows; i++) {
    store<usize>(workspace + starts + (i << 2), row);
    store<usize>(workspace + scratch + (i << 2), workspace + scratchRows + i * rowBytes);
  }
}

/** Where the steps `first` to `first + count` of the sum lie: in A from the beginning of a row, in B from `column` on. */
export function writeInner(workspace: usize, product: Product, first: usize, count: usize, column: usize): void {
  const at = changetype<usize>(product);
  const lengths = at + offsetof<Product>("inner0");
  const b = product.b + ((column * product.bColumn) << 2);
  writeAddresses(workspace + aColumns, 0, first, count, lengths, at + offsetof<Product>("aInner0"));
  writeAddresses(workspace + bRows, b, first, count, lengths, at + offsetof<Product>("bInner0"));
}

/**
 * Where the rows `first` to `first + count` lie: in A, and in C from `column` on. Rows that the last tile has beyond them
 * are made of the last one, to nowhere.
 */
export function writeRows(
  workspace: usize,
  product: Product,
  first: usize,
  count: usize,
  column: usize,
): void {
  const at = changetype<usize>(product);
  const lengths = at + offsetof<Product>("rows0");
  writeAddresses(workspace + aRows, product.a, first, count, lengths, at + offsetof<Product>("aRows0"));
  writeAddresses(workspace + cRows, product.c + (column << 2), first, count, lengths, at + offsetof<Product>("cRows0"));
  for (let row = count; row % tileRows != 0; row++) {
    store<usize>(workspace + aRows + (row << 2), load<usize>(workspace + aRows + ((count - 1) << 2)));
    store<usize>(workspace + cRows + (row << 2), load<usize>(workspace + scratch + ((row % tileRows) << 2)));
  }
}
