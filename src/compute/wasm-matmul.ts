import * as tf from "@tensorflow/tfjs-core";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { fusedProducts, fusionOf, type Multiplier } from "./wasm-fusion.js";

/**
 * For each matrix of the result, in order, which of the operand's it is made from.
 *
 * @param batch shape of the result without its last two axes
 * @param operand the same of the operand, where lengths of one and absent axes are broadcast
 */
function batchIndices(batch: readonly number[], operand: readonly number[]): number[] {
  const lengths = [...Array<number>(batch.length - operand.length).fill(1), ...operand];
  return batch.reduce(
    (indices, length, axis) =>
      indices.flatMap((index) =>
        Array.from({ length }, (_, i) => index * lengths[axis]! + (lengths[axis] === 1 ? 0 : i)),
      ),
    [0],
  );
}

/**
 * Products of matrices, transposed or not, with batches broadcast and what is fused to them. Other numbers than float32
 * are left to the kernel that is shipped.
 */
export function matrixProducts(shipped: KernelFunction, multiplier: Multiplier): KernelFunction {
  return (call) => {
    const { a, b } = call.inputs as Inputs<"a" | "b">;
    if (a.dtype !== "float32" || b.dtype !== "float32") return shipped(call);
    const { transposeA, transposeB } = call.attrs as unknown as tf.BatchMatMulAttrs;
    const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
    const [heightA, widthA] = a.shape.slice(-2) as [number, number];
    const [heightB, widthB] = b.shape.slice(-2) as [number, number];
    const [rows, length] = transposeA ? [widthA, heightA] : [heightA, widthA];
    const columns = transposeB ? heightB : widthB;
    const strideA = transposeA ? { row: 1, inner: widthA } : { row: widthA, inner: 1 };
    const strideB = transposeB ? { inner: 1, column: widthB } : { inner: widthB, column: 1 };
    const batch = tf.broadcast_util.assertAndGetBroadcastShape(batchA, batchB);
    const backend = call.backend as WasmBackend;
    return fusedProducts({ backend, multiplier }, [...batch, rows, columns], fusionOf(call), (result) => {
      const [beginA, beginB] = [addressOf(backend, a), addressOf(backend, b)];
      const indicesB = batchIndices(batch, batchB);
      return batchIndices(batch, batchA).map((indexA, i) => ({
        a: beginA + 4 * indexA * heightA * widthA,
        b: beginB + 4 * indicesB[i]! * heightB * widthB,
        c: result + 4 * i * rows * columns,
        rows: [{ length: rows, a: strideA.row, c: columns }],
        inner: [{ length, a: strideA.inner, b: strideB.inner }],
        columns: { length: columns, b: strideB.column },
      }));
    });
  };
}
