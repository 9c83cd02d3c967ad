// Measures float32 matrix products and convolutions of the wasm backend, GFLOP/s, the kernels as shipped beside those of
// this tool, in turn: shapes of the MLP 784-300-100-10 and of LeNet. Shipped kernels are given transposed copies where
// they would be slow without, as they were before there were others. Times are the least that were seen, which the
// other load of a shared machine disturbs least. RUN_EXPERIMENT_WASM_256=off measures without registers of 256 bits.
// NumPy on one thread is a third column where Python has it (PYTHON names one), PyTorch a fourth.
// Usage: npm run build && node scripts/benchmark-matmul.js [seconds for each case]
import { spawnSync } from "node:child_process";
import * as tf from "@tensorflow/tfjs-core";
import { startBackend } from "../dist/compute/backends.js";

const budget = Number(process.argv[2] ?? 2);

/** Rows, inner length, columns, and which factors are stored transposed. @type {Record<string, [number, number, number, boolean, boolean]>} */
const products = {
  "128×784×300": [128, 784, 300, false, false],
  "its AᵀB (784×128×300)": [784, 128, 300, true, false],
  "128×300×100·Bᵀ": [128, 300, 100, false, true],
  "1024³": [1024, 1024, 1024, false, false],
  "1×784×300": [1, 784, 300, false, false],
  "im2col 25→6": [36864, 25, 6, false, false],
  "its AᵀB (25×36864×6)": [25, 36864, 6, true, false],
  "im2col 150→16": [4096, 150, 16, false, false],
};

/** Images, height and width, channels, filter, outputs. @type {Record<string, [number, number, number, number, number]>} */
const convolutions = {
  "LeNet 28×28×1 → 6": [64, 28, 1, 5, 6],
  "LeNet 12×12×6 → 16": [64, 12, 6, 5, 16],
};

/** @typedef {{ name: string, flop: number, ours: () => tf.Tensor, shipped?: () => tf.Tensor }} Case */

/** @param {number[]} shape */
const numbers = (...shape) => tf.randomNormal(shape);

/** @returns {Case[]} */
function productCases() {
  return Object.entries(products).map(([name, [rows, inner, columns, transposeA, transposeB]]) => {
    const a = transposeA ? numbers(inner, rows) : numbers(rows, inner);
    const b = transposeB ? numbers(columns, inner) : numbers(inner, columns);
    return {
      name,
      flop: 2 * rows * inner * columns,
      ours: () => tf.matMul(a, b, transposeA, transposeB),
      shipped: () => tf.tidy(() => tf.matMul(transposeA ? tf.transpose(a) : a, transposeB ? tf.transpose(b) : b)),
    };
  });
}

/** @returns {Case[]} */
function convolutionCases() {
  return Object.entries(convolutions).flatMap(([name, [images, side, channels, kernel, outputs]]) => {
    const x = /** @type {tf.Tensor4D} */ (numbers(images, side, side, channels));
    const filter = /** @type {tf.Tensor4D} */ (numbers(kernel, kernel, channels, outputs));
    const dy = numbers(images, side - kernel + 1, side - kernel + 1, outputs);
    const flop = 2 * dy.size * kernel * kernel * channels;
    const convolve = () => tf.conv2d(x, filter, 1, "valid");
    /** @param {string} kernelName @param {tf.NamedTensorMap} inputs @param {object} shape */
    const gradient = (kernelName, inputs, shape) => () =>
      /** @type {tf.Tensor} */ (
        tf
          .engine()
          .runKernel(
            kernelName,
            inputs,
            /** @type {any} */ ({ strides: 1, pad: "valid", dataFormat: "NHWC", ...shape }),
          )
      );
    const toInput = gradient(tf.Conv2DBackpropInput, { dy, filter }, { inputShape: x.shape });
    const toFilter = gradient(tf.Conv2DBackpropFilter, { x, dy }, { filterShape: filter.shape });
    return [
      { name, flop, ours: convolve, shipped: convolve },
      { name: `${name}, ∂/∂input`, flop, ours: toInput, shipped: toInput },
      { name: `${name}, ∂/∂filter`, flop, ours: toFilter },
    ];
  });
}

/** The least milliseconds that a call takes in so many seconds. @param {() => tf.Tensor} f @param {number} seconds */
function least(f, seconds) {
  let shortest = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  do {
    const start = performance.now();
    f().dispose();
    shortest = Math.min(shortest, performance.now() - start);
  } while (performance.now() < end);
  return shortest;
}

/** GFLOP/s of each product in a library of Python, if it is there. @param {"numpy" | "torch"} library */
function python(library) {
  const program = `
import json, os, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
import numpy as np
torch = __import__("torch") if "${library}" == "torch" else None
if torch: torch.set_num_threads(1)
found = {}
for name, (m, k, n, ta, tb) in json.loads(sys.argv[1]).items():
    a = np.random.randn(*((k, m) if ta else (m, k))).astype(np.float32)
    b = np.random.randn(*((n, k) if tb else (k, n))).astype(np.float32)
    c = np.empty((m, n), np.float32)
    if torch: a, b, c = map(torch.from_numpy, (a, b, c))
    a, b = a.T if ta else a, b.T if tb else b
    multiply = torch.matmul if torch else np.matmul
    least, end = 9, time.perf_counter() + ${budget} / 2
    while time.perf_counter() < end:
        start = time.perf_counter()
        multiply(a, b, out=c)
        least = min(least, time.perf_counter() - start)
    found[name] = 2 * m * k * n / least / 1e9
print(json.dumps(found))`;
  const { status, stdout } = spawnSync(process.env.PYTHON ?? "python3", ["-c", program, JSON.stringify(products)], {
    encoding: "utf8",
  });
  if (status !== 0) console.log(`${library} is not installed for ${process.env.PYTHON ?? "python3"}: left out`);
  return status === 0 ? /** @type {Record<string, number>} */ (JSON.parse(stdout)) : {};
}

const rounds = 4;
await startBackend("cpu");
const { device } = await startBackend("wasm");
console.log(`Node ${process.version}, ${device}; GFLOP/s, the best of ${budget} s each, in ${rounds} turns`);
const others = [python("numpy"), python("torch")];
const columns = ["shipped", "ours", "ratio", "NumPy", "PyTorch"];
console.log(`${"".padEnd(32)}${columns.map((column) => column.padStart(9)).join("")}`);
for (const { name, flop, ours, shipped } of [...productCases(), ...convolutionCases()]) {
  /** @type {{ shipped: number, ours: number }} */
  const shortest = { shipped: Number.POSITIVE_INFINITY, ours: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    if (shipped) {
      await startBackend("wasm", { patched: false });
      shortest.shipped = Math.min(shortest.shipped, least(shipped, budget / 2 / rounds));
    }
    await startBackend("wasm");
    shortest.ours = Math.min(shortest.ours, least(ours, budget / 2 / rounds));
  }
  const rate = (/** @type {number | undefined} */ value, digits = 1) =>
    (value === undefined || !Number.isFinite(value) ? "–" : value.toFixed(digits)).padStart(9);
  const [before, after] = [flop / shortest.shipped / 1e6, flop / shortest.ours / 1e6];
  const ratio = shipped ? after / before : undefined;
  console.log(
    `${name.padEnd(32)}${rate(shipped && before)}${rate(after)}${rate(ratio, 2)}${others.map((other) => rate(other[name])).join("")}`,
  );
}
process.exit();
