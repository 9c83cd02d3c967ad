import { copyFloats } from "./copy";
import { writeAddresses } from "./offsets";
import { packColumns, packRows } from "./pack";
import { multiplyRow } from "./row";
import { narrowGatheredTile, narrowTile, tileRows, wideGatheredTile, wideTile } from "./tile";

// Functions of their own, and not parts of their only caller: V8 puts optimized code in place call by call.
export { narrowGatheredTile, narrowTile, wideGatheredTile, wideTile };

/** Entries of the sum over k, columns and rows that are packed at a time: B's share stays in the second cache. */
const innerBlock: usize = 256;
const columnBlock: usize = 512;
const rowBlock: usize = 160;
/** With this many columns at most, A is read where it lies: packing it costs more than it saves. */
const gatheredColumns: usize = 32;

/** What to multiply; the host writes it field by field, as numbers of 32 bits. */
@unmanaged
class Product {
  a: usize;
  b: usize;
  c: usize;
  /** Address of a row to begin the sums with, or 0. */
  bias: usize;
  rectified: usize;
  columns: usize;
  /** Strides are in floats. */
  bColumn: isize;
  rows0: usize;
  rows1: usize;
  rows2: usize;
  aRows0: isize;
  aRows1: isize;
  aRows2: isize;
  cRows0: isize;
  cRows1: isize;
  cRows2: isize;
  inner0: usize;
  inner1: usize;
  inner2: usize;
  aInner0: isize;
  aInner1: isize;
  aInner2: isize;
  bInner0: isize;
  bInner1: isize;
  bInner2: isize;
}

/** The parts of the workspace. */
const scratchBytes: usize = columnBlock << 2;
const tableOfScratch: usize = 0;
const tableOfStarts: usize = tableOfScratch + 32;
const tableOfARows: usize = tableOfStarts + 32;
const tableOfCRows: usize = tableOfARows + (rowBlock << 2);
const tableOfAColumns: usize = tableOfCRows + (rowBlock << 2);
const tableOfBRows: usize = tableOfAColumns + (innerBlock << 2);
const startRow: usize = tableOfBRows + (innerBlock << 2);
const scratchRows: usize = startRow + scratchBytes;
const packedA: usize = scratchRows + tileRows * scratchBytes;
const packedB: usize = packedA + ((rowBlock * innerBlock) << 2);
const end: usize = packedB + ((columnBlock * innerBlock) << 2);

/** Bytes of memory that `multiply` needs beside its operands. */
export function workspaceBytes(): usize {
  return end;
}

function copyTile(to: usize, from: usize, rows: usize, columns: usize, column: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    const target = load<usize>(to + (row << 2)) + column;
    const source = load<usize>(from + (row << 2)) + column;
    copyFloats(target, source, columns);
  }
}

/** max(0, x), and NaN where x is. */
// @ts-ignore: decorator
@inline
function rectify(at: usize, count: usize): void {
  const end = at + (count << 2);
  const zero = f32x4.splat(0);
  for (; at + 16 <= end; at += 16) v128.store(at, f32x4.pmax(v128.load(at), zero));
  for (; at < end; at += 4) if (load<f32>(at) < 0) store<f32>(at, 0);
}

function rectifyTile(rows: usize, width: usize, column: usize): void {
  for (let row: usize = 0; row < tileRows; row++) rectify(load<usize>(rows + (row << 2)) + column, width);
}

/** C = start + A·B for one row, if B lies as it has to. */
function isRowProduct(product: Product): bool {
  return (
    product.rows0 * product.rows1 * product.rows2 == 1 &&
    product.inner0 * product.inner1 == 1 &&
    product.bColumn == 1
  );
}

function multiplyToRow(product: Product): void {
  const bytes = product.columns << 2;
  if (product.bias) memory.copy(product.c, product.bias, bytes);
  else memory.fill(product.c, 0, bytes);
  multiplyRow(
    product.a,
    product.aInner2 << 2,
    product.b,
    product.bInner2 << 2,
    product.inner2,
    product.c,
    product.columns,
  );
  if (product.rectified) rectify(product.c, product.columns);
}

function writeStart(workspace: usize, bias: usize, columns: usize): void {
  const row = workspace + startRow;
  memory.fill(row, 0, scratchBytes);
  if (bias) memory.copy(row, bias, columns << 2);
  for (let i: usize = 0; i < tileRows; i++) {
    store<usize>(workspace + tableOfStarts + (i << 2), row);
    store<usize>(workspace + tableOfScratch + (i << 2), <usize>(workspace + scratchRows + i * scratchBytes));
  }
}

/** Fills tables for rows that a last tile has beyond the matrix: they are computed to nowhere. */
function padRows(workspace: usize, count: usize): void {
  for (let row = count; row % tileRows != 0; row++) {
    const last = load<usize>(workspace + tableOfARows + ((count - 1) << 2));
    store<usize>(workspace + tableOfARows + (row << 2), last);
    const scratch = load<usize>(workspace + tableOfScratch + ((row % tileRows) << 2));
    store<usize>(workspace + tableOfCRows + (row << 2), scratch);
  }
}

// @ts-ignore: decorator
@inline
function panelWidth(columns: usize, wide: bool): usize {
  return wide && columns > 8 ? 16 : 8;
}

/** C = start + A·B for a block of rows against the packed columns of B. */
function multiplyBlock(
  workspace: usize,
  rows: usize,
  steps: usize,
  columns: usize,
  wide: bool,
  gathered: bool,
  isFirst: bool,
  rectified: bool,
): void {
  const aRows = workspace + tableOfARows;
  const aColumns = workspace + tableOfAColumns;
  const cRows = workspace + tableOfCRows;
  const scratch = workspace + tableOfScratch;
  let b = workspace + packedB;
  let width: usize = 0;
  for (let column: usize = 0; column < columns; column += width) {
    width = panelWidth(columns - column, wide);
    const isWhole = column + width <= columns;
    const offset = <usize>column << 2;
    let a = workspace + packedA;
    for (let row: usize = 0; row < rows; row += tileRows) {
      const rowsHere = min(tileRows, rows - row);
      const result = cRows + (row << 2);
      const sums = isWhole ? result : scratch;
      if (!isFirst && !isWhole) copyTile(scratch, result, rowsHere, columns - column, offset);
      const starts = isFirst ? workspace + tableOfStarts : sums;
      if (gathered) {
        if (width == 16) wideGatheredTile(aRows + (row << 2), aColumns, b, steps, starts, sums, offset, rectified);
        else narrowGatheredTile(aRows + (row << 2), aColumns, b, steps, starts, sums, offset, rectified);
      } else {
        if (width == 16) wideTile(a, b, steps, starts, sums, offset, rectified);
        else narrowTile(a, b, steps, starts, sums, offset, rectified);
        a += (steps * tileRows) << 2;
      }
      if (!isWhole) copyTile(result, scratch, rowsHere, columns - column, offset);
    }
    b += (steps * width) << 2;
  }
}

function packPanels(workspace: usize, steps: usize, columns: usize, stride: isize, wide: bool, isContiguous: bool): void {
  let panel = workspace + packedB;
  let width: usize = 0;
  const rows = workspace + tableOfBRows;
  for (let column: usize = 0; column < columns; column += width) {
    width = panelWidth(columns - column, wide);
    packColumns(panel, rows, steps, stride, min(width, columns - column), width, isContiguous);
    panel += (steps * width) << 2;
    for (let k: usize = 0; k < steps << 2; k += 4) store<usize>(rows + k, load<usize>(rows + k) + width * stride);
  }
}

/**
 * C[i, j] = bias[j] + Σ_k A[i, k]·B[k, j] in float32, where the rows, the columns and k run over axes of any stride.
 * Every element is one chain of additions in the order of k, the products rounded before they are added.
 *
 * @param wide whether tiles have 16 columns; the numbers are the same
 */
export function multiply(product: Product, workspace: usize, wide: bool): void {
  if (isRowProduct(product)) return multiplyToRow(product);
  const at = changetype<usize>(product);
  const rows = product.rows0 * product.rows1 * product.rows2;
  const inner = product.inner0 * product.inner1 * product.inner2;
  const isOneAxis = product.inner0 * product.inner1 == 1;
  const gathered = product.columns <= gatheredColumns;
  const stride = product.bColumn << 2;
  for (let column: usize = 0; column < product.columns; column += columnBlock) {
    const columns = min(columnBlock, product.columns - column);
    writeStart(workspace, product.bias ? product.bias + (column << 2) : 0, columns);
    let k: usize = 0;
    do {
      const steps = min(innerBlock, inner - k);
      const isLast = k + steps == inner;
      writeAddresses(workspace + tableOfAColumns, 0, k, steps, at + offsetof<Product>("inner0"), at + offsetof<Product>("aInner0"));
      writeAddresses(workspace + tableOfBRows, product.b + column * stride, k, steps, at + offsetof<Product>("inner0"), at + offsetof<Product>("bInner0"));
      packPanels(workspace, steps, columns, stride, wide, isOneAxis && product.bInner2 == 1);
      for (let row: usize = 0; row < rows; row += rowBlock) {
        const rowsHere = min(rowBlock, rows - row);
        writeAddresses(workspace + tableOfARows, product.a, row, rowsHere, at + offsetof<Product>("rows0"), at + offsetof<Product>("aRows0"));
        writeAddresses(workspace + tableOfCRows, product.c + (column << 2), row, rowsHere, at + offsetof<Product>("rows0"), at + offsetof<Product>("cRows0"));
        padRows(workspace, rowsHere);
        if (!gathered) {
          for (let i: usize = 0; i < rowsHere; i += tileRows) {
            packRows(workspace + packedA + ((i * steps) << 2), workspace + tableOfARows + (i << 2), workspace + tableOfAColumns, steps, isOneAxis && product.aInner2 == 1);
          }
        }
        multiplyBlock(workspace, rowsHere, steps, columns, wide, gathered, k == 0, isLast && product.rectified != 0);
      }
      k += steps;
    } while (k < inner);
  }
}
