// Trains for thousands of steps and watches tensors and memory: node scripts/leak-check.js [backend] [steps]
import * as tf from "@tensorflow/tfjs-core";
import { randomStream } from "../dist/base/random.js";
import { builtIn } from "../dist/built-in/built-in.js";
import { startBackend } from "../dist/compute/backends.js";
import { batchSampler } from "../dist/data/batches.js";
import { createOptimizer, optimizerSchema } from "../dist/optimizers/optimizer.js";
import { mlp } from "../dist/problems/mlp.js";
import { train } from "../dist/training/train.js";

const [backend = "auto", count = "5000"] = process.argv.slice(2);
const steps = Number(count);
/** Memory settles (pools, the compiler's code) before it is held against the limit. */
const settled = Math.floor(steps / 5);
/** Least squares through the resident memory may rise by no more than this from there to the end. */
const mebibytesAllowed = 24;

/** @param {string} name */
const stream = (name) => randomStream({ seed: 0, name });
/** @param {number} size */
const images = (size) => ({
  size,
  pixels: Uint8Array.from({ length: size * 196 }, () => stream("pixels").integer(0, 255)),
  labels: Uint8Array.from({ length: size }, (_, i) => i % 10),
});
const dataset = {
  name: "noise",
  height: 14,
  width: 14,
  channels: 1,
  classes: 10,
  train: images(512),
  test: images(128),
};
const options = mlp.schema.parse({ name: "mlp", hidden: [64, 32], bias: false });
const problem = await mlp.create(/** @type {Parameters<typeof mlp.create>[0]} */ (options), {
  stream,
  dataset: { ...dataset, checksum: "", source: "" },
  directory: ".",
});
const { name, device, algebra } = await startBackend(backend);
console.log(`${name} (${device}), ${steps} steps of LARS on an MLP 196-64-32-10, batch 32, traced every 10`);

/** @type {{ step: number, tensors: number, mebibytes: number }[]} */
const samples = [];

/** @param {number} step */
function sample(step) {
  globalThis.gc?.();
  samples.push({ step, tensors: tf.memory().numTensors, mebibytes: process.memoryUsage.rss() / 2 ** 20 });
}

const rule = optimizerSchema(builtIn).parse({ name: "lars", learningRate: 0.001 });
const records = train({
  algebra,
  problem,
  objective: await problem.onTensors(algebra),
  optimizer: createOptimizer(builtIn, rule, problem.layers, steps),
  steps,
  sampler: batchSampler(512, { seed: 0, name: "data order" }),
  batchSize: 32,
  stepsPerEpoch: 16,
  traced: (step) => step % 10 === 0,
  evaluated: (step) => step % 500 === 0,
  measureEveryStep: false,
  lossLimit: 1e6,
});
// Not after the last step, where there is no next one to hold weights for.
for await (const { step, last } of records) if (!last && step % Math.max(1, steps / 50) === 0) sample(step);

const late = samples.filter(({ step }) => step >= settled);
for (const { step, tensors, mebibytes } of samples.filter((_, i) => i % 10 === 0 || i === samples.length - 1)) {
  console.log(`step ${String(step).padStart(6)}  ${tensors} tensors  ${mebibytes.toFixed(0)} MiB resident`);
}
const counts = new Set(late.map(({ tensors }) => tensors));
/** @param {(sample: { step: number, mebibytes: number }) => number} f */
const mean = (f) => late.reduce((sum, each) => sum + f(each), 0) / late.length;
const [meanStep, meanMemory] = [mean(({ step }) => step), mean(({ mebibytes }) => mebibytes)];
const slope =
  mean(({ step, mebibytes }) => (step - meanStep) * (mebibytes - meanMemory)) /
  mean(({ step }) => (step - meanStep) ** 2);
const rise = slope * (steps - settled);
const isFlat = counts.size === 1 && rise < mebibytesAllowed;
console.log(
  `${counts.size === 1 ? "tensor count flat" : `tensor count varies: ${[...counts].join(", ")}`}; memory rises by ${rise.toFixed(1)} MiB from step ${settled} on: ${isFlat ? "no leak" : "A LEAK"}`,
);
process.exitCode = isFlat ? 0 : 1;
