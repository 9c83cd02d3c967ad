import { copyFloats } from "./copy";
import { packColumns, packRows, packWholePanels } from "./pack";
import { Product } from "./product";
import { gathered5x16, gathered5x8, tile5x16, tile5x8, tileRows } from "./tile";
import { aColumns, aRows, bRows, cRows, packedA, packedB, scratch, starts } from "./workspace";

// @ts-expect-error: a decorator of AssemblyScript
@inline
function panelWidth(columns: usize, wide: bool): usize {
  return wide && columns > 8 ? 16 : 8;
}

/** Packs the rows of A whose addresses are in the tables, tile after tile. */
export function packA(workspace: usize, product: Product, rows: usize, steps: usize): void {
  const isContiguous = product.hasContiguousRows;
  for (let row: usize = 0; row < rows; row += tileRows) {
    const packed = workspace + packedA + ((row * steps) << 2);
    const tile = workspace + aRows + (row << 2);
    packRows(packed, tile, workspace + aColumns, steps, isContiguous);
  }
}

/** Packs columns of B from those whose addresses are in the table on, panel after panel, each as wide as a tile. */
export function packB(workspace: usize, product: Product, steps: usize, columns: usize, wide: bool): void {
  const isContiguous = product.hasContiguousColumns;
  const stride = product.bColumn << 2;
  const rows = workspace + bRows;
  let panel = workspace + packedB;
  let width: usize = 0;
  const inWholePanels: usize = stride == 4 && wide ? columns & ~15 : 0;
  packWholePanels(panel, rows, steps, inWholePanels << 2);
  panel += (steps * inWholePanels) << 2;
  for (let column = inWholePanels; column < columns; column += width) {
    width = panelWidth(columns - column, wide);
    packColumns(panel, rows, column * stride, steps, stride, min(width, columns - column), width, isContiguous);
    panel += (steps * width) << 2;
  }
}

function copyTile(to: usize, from: usize, rows: usize, columns: usize, column: usize): void {
  for (let row: usize = 0; row < rows << 2; row += 4) {
    copyFloats(load<usize>(to + row) + column, load<usize>(from + row) + column, columns);
  }
}

/**
 * Adds a block of steps to the rows of C whose addresses are in the table, tile by tile. Tiles that reach beyond the last
 * column are made beside C.
 *
 * @param isFirst whether the sums begin here
 * @param gathered whether A is read where it lies; else it is packed
 */
export function multiplyBlock(
  workspace: usize,
  rows: usize,
  steps: usize,
  columns: usize,
  wide: bool,
  gathered: bool,
  isFirst: bool,
  rectified: bool,
): void {
  let b = workspace + packedB;
  let width: usize = 0;
  for (let column: usize = 0; column < columns; column += width) {
    width = panelWidth(columns - column, wide);
    const isWhole = column + width <= columns;
    const at = column << 2;
    let a = workspace + packedA;
    for (let row: usize = 0; row < rows; row += tileRows) {
      const result = workspace + cRows + (row << 2);
      const sums = isWhole ? result : workspace + scratch;
      const rowsLeft = min(tileRows, rows - row);
      if (!isFirst && !isWhole) copyTile(sums, result, rowsLeft, columns - column, at);
      const from = isFirst ? workspace + starts : sums;
      if (gathered) {
        const aTile = workspace + aRows + (row << 2);
        if (width == 16) gathered5x16(aTile, workspace + aColumns, b, steps, from, sums, at, rectified);
        else gathered5x8(aTile, workspace + aColumns, b, steps, from, sums, at, rectified);
      } else {
        if (width == 16) tile5x16(a, b, steps, from, sums, at, rectified);
        else tile5x8(a, b, steps, from, sums, at, rectified);
        a += (steps * tileRows) << 2;
      }
      if (!isWhole) copyTile(result, sums, rowsLeft, columns - column, at);
    }
    b += (steps * width) << 2;
  }
}
