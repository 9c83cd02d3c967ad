import * as tf from "@tensorflow/tfjs-core";
import { type Norm, smallestNormal } from "./algebra.js";
import { isSafe } from "./host-reductions.js";

type Tensor = tf.Tensor;

/** The largest divisor of `size` up to its square root or, where that would make long thin rows, the square root itself. */
function rowWidth(size: number): number {
  const root = Math.floor(Math.sqrt(size));
  for (let width = root; width > root / 4; width--) if (size % width === 0) return width;
  return root;
}

/**
 * The sum of all entries, or where there are leading axes of those behind them: first along rows of about √n and then of
 * the row sums. Backends add one float32 after the other; over 235 200 squares that loses 6·10⁻⁵ of the sum, and in rows
 * less than 10⁻⁶, at the same speed.
 *
 * @param leading the lengths of the leading axes
 * @param keepAxis whether the axis that is summed over stays, with the length 1
 */
function accurateSums(a: Tensor, leading: readonly number[], keepAxis: boolean): Tensor {
  const size = a.size / leading.reduce((product, length) => product * length, 1);
  const axis = leading.length;
  return tf.tidy(() => {
    const width = rowWidth(size);
    const rows = Math.ceil(size / width);
    const missing = rows * width - size;
    const flat = tf.reshape(a, [...leading, size]);
    const padded = missing === 0 ? flat : tf.pad(flat, [...leading.map((): [number, number] => [0, 0]), [0, missing]]);
    return tf.sum(tf.sum(tf.reshape(padded, [...leading, rows, width]), axis + 1), axis, keepAxis);
  });
}

/** The sum of all entries. */
export const accurateSum = (a: Tensor): Tensor => (a.size <= 32 ? tf.sum(a) : accurateSums(a, [], false));

/** The sum of each row of [rows, n], as [rows, 1]. */
export const rowSums = (a: Tensor): Tensor =>
  a.shape[1]! <= 32 ? tf.sum(a, 1, true) : accurateSums(a, [a.shape[0]!], true);

/** The largest number of float32. */
const largestFinite = (2 - 2 ** -23) * 2 ** 127;

/** How magnitudes are reduced: all of them, or along an axis. */
interface Reduction {
  largest(magnitudes: Tensor): Tensor;
  sum(powers: Tensor): Tensor;
}

/** (Σ|a_i|^p)^{1/p} of entries of size up to 1, with the given sum */
function sumOfPowers(a: Tensor, p: number, sum: (powers: Tensor) => Tensor): Tensor {
  if (p === 2) return tf.sqrt(sum(tf.square(a)));
  return tf.pow(sum(tf.pow(tf.abs(a), p)), 1 / p);
}

/** a/u; WebGPU may multiply by the reciprocal, which of numbers from 2¹²⁶ on is 0 there, and divides by √u twice. */
function quotient(a: Tensor, u: Tensor): Tensor {
  if (tf.getBackend() !== "webgpu") return tf.div(a, u);
  const root = tf.sqrt(u);
  return tf.div(tf.div(a, root), root);
}

function normsBy(a: Tensor, p: Norm, reduction: Reduction): Tensor {
  return tf.tidy(() => {
    const magnitudes = tf.abs(a);
    if (p === 1) return reduction.sum(magnitudes);
    const largest = reduction.largest(magnitudes);
    if (p === "infinity") return largest;
    // What all can be divided by, so that no power leaves float32: not 0, nor what a processor may take for it, nor infinity.
    const unit = tf.clipByValue(largest, smallestNormal.float32, largestFinite);
    // Not by the unit: where all entries are 0 some GPUs make 2^(−127/p) of the root.
    return tf.mul(largest, sumOfPowers(quotient(a, unit), p, reduction.sum));
  });
}

/** ‖a‖_p from a backend's own operations, as a scalar on the device. */
export const deviceNorm = (a: Tensor, p: Norm): Tensor =>
  normsBy(a, p, { largest: (x) => tf.max(x), sum: accurateSum });

/** The norm of each column of a matrix. */
export const columnNorms = (a: tf.Tensor2D, p: Norm): Tensor =>
  normsBy(a, p, { largest: (x) => tf.max(x, 0), sum: (x) => tf.sum(x, 0) });

const scaledRowNorms = (a: Tensor, p: Norm): Tensor =>
  normsBy(a, p, { largest: (x) => tf.max(x, 1, true), sum: rowSums });

/**
 * The norm of each row of [rows, n], as [rows, 1].
 *
 * @param isRead whether the numbers of the backend are at hand, so that what needs no scaling is not scaled
 */
export function rowNorms(a: Tensor, p: Norm, isRead: boolean): Tensor {
  if (p !== 2 || !isRead) return scaledRowNorms(a, p);
  return tf.tidy(() => {
    const squares = rowSums(tf.square(a));
    return squares.dataSync().every(isSafe) ? tf.sqrt(squares) : scaledRowNorms(a, p);
  });
}

/** Of matrices [runs, rows, columns] the norm of each column, as [runs, columns]. */
export const columnNormsOfEach = (a: Tensor, p: Norm): Tensor =>
  tf.tidy(() => tf.squeeze(normsBy(a, p, { largest: (x) => tf.max(x, 1, true), sum: (x) => tf.sum(x, 1, true) }), [1]));
