import { multiplyBlock, packA, packB } from "./block";
import { Product } from "./product";
import { multiplyRow } from "./row";
import { gathered5x16, gathered5x8, tile5x16, tile5x8 } from "./tile";
import { columnBlock, innerBlock, rowBlock, workspaceSize, writeInner, writeRows, writeStarts } from "./workspace";

// Functions of their own, and not parts of their only caller: V8 puts optimized code in place call by call.
export { gathered5x16, gathered5x8, tile5x16, tile5x8 };

/** With this many columns at most, A is read where it lies: packing it costs more than it saves. */
const gatheredColumns: usize = 32;

/** Bytes of memory that `multiply` needs beside its operands. */
export function workspaceBytes(): usize {
  return workspaceSize;
}

/**
 * C[i, j] = bias[j] + Σ_k A[i, k]·B[k, j] in float32, where the rows and k run over axes of any stride. Every element is
 * one chain of additions in the order of k, each as `plus` of multiply-add.ts rounds it.
 *
 * @param wide whether tiles are of 5 × 16 elements and not of 5 × 8; the numbers are the same
 */
export function multiply(product: Product, workspace: usize, wide: bool): void {
  if (product.isRow) return multiplyRow(product);
  const endRow = product.endRow;
  const inner = product.inner;
  const gathered = product.columns <= gatheredColumns;
  // As few blocks of k as can be, of about the same size.
  const blocks = max<usize>(1, (inner + innerBlock - 1) / innerBlock);
  const stepsAtMost = (inner + blocks - 1) / blocks;
  for (let column: usize = 0; column < product.columns; column += columnBlock) {
    const columns = min(columnBlock, product.columns - column);
    writeStarts(workspace, product, column, columns);
    let k: usize = 0;
    // Once where there is nothing to sum, too: C is what the sums begin with.
    do {
      const steps = min(stepsAtMost, inner - k);
      const rectified = product.rectified != 0 && k + steps == inner;
      writeInner(workspace, product, k, steps, column);
      packB(workspace, product, steps, columns, wide);
      for (let row = product.firstRow; row < endRow; row += rowBlock) {
        const count = min(rowBlock, endRow - row);
        writeRows(workspace, product, row, count, column);
        if (!gathered) packA(workspace, product, count, steps);
        multiplyBlock(workspace, count, steps, columns, wide, gathered, k == 0, rectified);
      }
      k += steps;
    } while (k < inner);
  }
}
