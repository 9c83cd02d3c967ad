/** A program: loads the addon of the directory given, holds it against float64 and prints what it found. */
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { messageOf } from "../base/errors.js";
import { builtIn } from "../built-in/built-in.js";
import type { Algebra } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { type GpuReport, nvidiaGpus, startNative } from "../compute/native.js";
import { tensorAlgebra } from "../compute/tensors.js";
import { createOptimizer, optimizerSchema } from "../optimizers/optimizer.js";

/** What is printed as JSON; where the addon does not start, `{failure}` with the reason. */
export interface Checked {
  readonly device: string;
  readonly version: string;
  /** Largest errors, relative to the largest entry. */
  readonly errors: { readonly product: number; readonly gradient: number; readonly update: number };
  readonly gpus: readonly GpuReport[];
}

const [rows, inner, columns] = [37, 53, 29];
const a = Float32Array.from({ length: rows * inner }, (_, i) => Math.sin(i));
const b = Float32Array.from({ length: inner * columns }, (_, i) => Math.cos(i));
const rule = optimizerSchema(builtIn).parse({ name: "lars", learningRate: 0.1 });
const optimizer = createOptimizer(builtIn, rule, [{ name: "weights", shape: [inner, columns] }], 1);

/** A·B, the gradient of ½‖A·B‖² with respect to B, and the LARS step that it makes of B. */
function quantities<V, S>(algebra: Algebra<V, S>, gradientOf: (left: V, weights: V, product: V) => V): [V, V, V] {
  const left = { rows, columns: inner, entries: algebra.vector(a, [rows, inner]) };
  const weights = algebra.vector(b, [inner, columns]);
  const product = algebra.multiplyMatrices(left, { rows: inner, columns, entries: weights }).entries;
  const gradient = gradientOf(left.entries, weights, product);
  const state = optimizer.initialState(algebra, [weights]);
  const [update] = optimizer.updates(algebra, 0, [weights], [gradient], state).updates;
  return [product, gradient, update!];
}

/** The largest error, relative to the largest entry. */
function errorOf(found: ArrayLike<number>, expected: Float64Array): number {
  const scale = expected.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return expected.reduce((error, x, i) => Math.max(error, Math.abs((found[i] ?? Number.NaN) - x)), 0) / scale;
}

async function started(directory: string) {
  try {
    return await startNative({ demandGpu: false, directory });
  } catch (error) {
    console.log(JSON.stringify({ failure: messageOf(error) }));
    process.exit(1);
  }
}

const { device, version } = await started(process.argv[2]!);
// Aᵀ(A·B)
const gradientByHand = (left: Float64Array, _: Float64Array, product: Float64Array) =>
  float64.multiplyMatrices(float64.transpose({ rows, columns: inner, entries: left }), {
    rows,
    columns,
    entries: product,
  }).entries;
const expected = quantities(float64, gradientByHand);
const found = quantities(tensorAlgebra(), (left, weights) =>
  tf.grad((w) => tf.mul(tf.sum(tf.square(tf.matMul(left as tf.Tensor2D, w as tf.Tensor2D))), 0.5))(weights),
);
const errors = await Promise.all(found.map(async (tensor, i) => errorOf(await tensor.data(), expected[i]!)));
const [product, gradient, update] = errors as [number, number, number];
const checked: Checked = { device, version, errors: { product, gradient, update }, gpus: await nvidiaGpus() };
console.log(JSON.stringify(checked));
