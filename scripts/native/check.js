// Loads the addon of the directory given, in a process of its own, holds it against float64 and prints what it found.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { builtIn } from "../../dist/built-in/built-in.js";
import { float64 } from "../../dist/compute/float64.js";
import { nvidiaGpus, startNative } from "../../dist/compute/native.js";
import { tensorAlgebra } from "../../dist/compute/tensors.js";
import { messageOf } from "../../dist/errors.js";
import { createOptimizer, optimizerSchema } from "../../dist/optimizers/optimizer.js";

const [rows, inner, columns] = [37, 53, 29];
const a = Float32Array.from({ length: rows * inner }, (_, i) => Math.sin(i));
const b = Float32Array.from({ length: inner * columns }, (_, i) => Math.cos(i));
const rule = optimizerSchema(builtIn).parse({ name: "lars", learningRate: 0.1 });
const optimizer = createOptimizer(builtIn, rule, [{ name: "weights", shape: [inner, columns] }], 1);

/**
 * A·B, the gradient of ½‖A·B‖² with respect to B, and the LARS step that it makes of B; in any algebra.
 *
 * @template V, S
 * @param {import("../../dist/compute/algebra.js").Algebra<V, S>} algebra
 * @param {(left: V, weights: V, product: V) => V} gradientOf
 */
function quantities(algebra, gradientOf) {
  const left = { rows, columns: inner, entries: algebra.vector(a, [rows, inner]) };
  const weights = algebra.vector(b, [inner, columns]);
  const product = algebra.multiplyMatrices(left, { rows: inner, columns, entries: weights }).entries;
  const gradient = gradientOf(left.entries, weights, product);
  const state = optimizer.initialState(algebra, [weights]);
  const [update] = optimizer.updates(algebra, 0, [weights], [gradient], state).updates;
  return [product, gradient, /** @type {V} */ (update)];
}

/**
 * The largest error, relative to the largest entry.
 *
 * @param {ArrayLike<number>} found
 * @param {Float64Array | undefined} expected
 */
function errorOf(found, expected = new Float64Array()) {
  const scale = expected.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return expected.reduce((error, x, i) => Math.max(error, Math.abs((found[i] ?? Number.NaN) - x)), 0) / scale;
}

async function started() {
  try {
    return await startNative({ demandGpu: false, directory: process.argv[2] ?? "" });
  } catch (error) {
    console.log(JSON.stringify({ failure: messageOf(error) }));
    process.exit(3);
  }
}

const { device, version } = await started();
const expected = quantities(
  float64,
  // Aᵀ(A·B)
  (left, _, product) =>
    float64.multiplyMatrices(float64.transpose({ rows, columns: inner, entries: left }), {
      rows,
      columns,
      entries: product,
    }).entries,
);
const found = quantities(tensorAlgebra(), (left, weights) =>
  tf.grad((w) =>
    tf.mul(tf.sum(tf.square(tf.matMul(/** @type {tf.Tensor2D} */ (left), /** @type {tf.Tensor2D} */ (w)))), 0.5),
  )(weights),
);
const [product, gradient, update] = await Promise.all(
  found.map(async (tensor, i) => errorOf(await tensor.data(), expected[i])),
);
console.log(JSON.stringify({ device, version, errors: { product, gradient, update }, gpus: await nvidiaGpus() }));
