// Prints, as JSON, SHA-256 of what a wasm backend makes of products, convolutions and their gradients, and of what the
// host makes of float64 matrices and vectors, and the bits of the registers. The hashes are the same on every machine and
// Node.js version, with RUN_EXPERIMENT_WASM_256 on and off.
// Usage: npm run build && node scripts/hash-products.js [wasm|wasm-fma]
import { createHash } from "node:crypto";
import * as tf from "@tensorflow/tfjs-core";
import { startBackend } from "../dist/compute/backends.js";
import { float64 } from "../dist/compute/float64.js";

const backend = process.argv[2] ?? "wasm";
const { device } = await startBackend(backend);

let state = 1;
/** Numbers between −1 and 1 that do not depend on the machine. @param {number[]} shape */
function numbers(...shape) {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  });
  return tf.tensor(values, shape);
}

/** @param {number} below */
const random = (below) => Math.floor(((Number(numbers(1).dataSync()[0]) + 1) / 2) * below);

/** @type {Record<string, () => tf.Tensor[]>} */
const cases = {
  products: () =>
    Array.from({ length: 400 }, () => {
      const [rows, inner, columns] = [1 + random(70), 1 + random(300), 1 + random(70)];
      const [transposeA, transposeB] = [random(2) === 1, random(2) === 1];
      const a = transposeA ? numbers(inner, rows) : numbers(rows, inner);
      const b = transposeB ? numbers(columns, inner) : numbers(inner, columns);
      return tf.matMul(a, b, transposeA, transposeB);
    }),
  large: () => [tf.matMul(numbers(200, 700), numbers(700, 600))],
  convolutions: () =>
    Array.from({ length: 40 }, () => {
      const [strides, pad, dataFormat] = [1 + random(2), /** @type {const} */ ("same"), "NHWC"];
      const x = /** @type {tf.Tensor4D} */ (numbers(2, 5 + random(9), 5 + random(9), 1 + random(8)));
      const filter = /** @type {tf.Tensor4D} */ (numbers(1 + random(5), 1 + random(5), x.shape[3], 1 + random(40)));
      const y = tf.conv2d(x, filter, strides, pad);
      /** @param {string} name @param {tf.NamedTensorMap} inputs @param {object} shape */
      const gradient = (name, inputs, shape) =>
        /** @type {tf.Tensor} */ (
          tf.engine().runKernel(name, inputs, /** @type {any} */ ({ strides, pad, dataFormat, ...shape }))
        );
      return [
        y,
        gradient(tf.Conv2DBackpropFilter, { x, dy: y }, { filterShape: filter.shape }),
        gradient(tf.Conv2DBackpropInput, { dy: y, filter }, { inputShape: x.shape }),
      ];
    }).flat(),
};

/** @type {Record<string, string>} */
const hashes = { simdBits: /(\d+) bits/.exec(device)?.[1] ?? "" };
for (const [name, make] of Object.entries(cases)) {
  const hash = createHash("sha256");
  tf.tidy(() => {
    for (const tensor of make()) hash.update(new Uint8Array(Float32Array.from(tensor.dataSync()).buffer));
  });
  hashes[name] = hash.digest("hex");
}

/** @param {number} size */
const vector = (size) => float64.vector(numbers(size).dataSync());

/** Large enough for WebAssembly, and so many that V8 optimizes it. */
function* vectors() {
  for (let i = 0; i < 200; i++) {
    const [rows, columns] = [100 + random(200), 41 + random(90)];
    const matrix = { rows, columns, entries: vector(rows * columns) };
    const [x, y] = [vector(columns), vector(rows)];
    yield float64.multiplyMatrix(matrix, x);
    yield float64.multiplyTransposed(matrix, y);
    for (const loss of /** @type {const} */ (["squared", "absolute", "logistic"])) {
      const fit = float64.fit?.(loss, matrix, x, float64.signOrOne(y));
      if (fit) yield Float64Array.of(fit.loss, fit.accuracy ?? 0, ...fit.sumOfSlopes);
    }
  }
}
const hash = createHash("sha256");
for (const values of vectors()) hash.update(new Uint8Array(Float64Array.from(values).buffer));
hashes.vectors = hash.digest("hex");

console.log(JSON.stringify(hashes, null, 2));
