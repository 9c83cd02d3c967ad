// Measures what the tool's own code is answerable for, each figure beside what it is compared with, in one run:
//   - steps per second of the traced training loop on WebAssembly, with the kernels as shipped and as replaced
//   - microseconds per step of the float64 loop, untraced, traced, and held against the bounds
// Times are medians over several rounds in turn; the machine may be shared, so read the ratios.
// Usage: npm run build && npm run benchmark [-- rounds]

import { randomStream } from "../dist/base/random.js";
import { builtIn } from "../dist/built-in/built-in.js";
import { startBackend } from "../dist/compute/backends.js";
import { float64 } from "../dist/compute/float64.js";
import { batchSampler, stepsPerEpoch } from "../dist/data/batches.js";
import { syntheticDigits } from "../dist/data/synthetic-digits.js";
import { createOptimizer, optimizerSchema } from "../dist/optimizers/optimizer.js";
import { mlp } from "../dist/problems/mlp.js";
import { quadratic } from "../dist/problems/quadratic.js";
import { train } from "../dist/training/train.js";

const rounds = Number(process.argv[2] ?? 5);
const median = (/** @type {number[]} */ values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** @param {string} name */
const stream = (name) => randomStream({ seed: 0, name });
const lars = (/** @type {import("../dist/problems/problem.js").Problem} */ problem, /** @type {number} */ steps) =>
  createOptimizer(builtIn, optimizerSchema(builtIn).parse({ name: "lars", learningRate: 0.02 }), problem.layers, steps);

/**
 * Seconds that the loop takes for its steps, the first five (which compile) left out.
 * @param {any} training
 */
async function seconds(training) {
  let start = performance.now();
  for await (const { step } of train({
    evaluated: () => false,
    lossLimit: 1e30,
    measureEveryStep: false,
    ...training,
  })) {
    if (step === 5) start = performance.now();
  }
  return (performance.now() - start) / 1000;
}

async function network() {
  const data = await syntheticDigits.load(syntheticDigits.schema.parse({ name: "synthetic-digits" }), {
    announce() {},
  });
  const batchSize = 128;
  const steps = 45;
  const problem = await mlp.create(/** @type {any} */ (mlp.schema.parse({ name: "mlp" })), {
    stream,
    dataset: data,
    directory: ".",
  });
  /** @type {Record<string, number[]>} */
  const rates = { "as shipped": [], replaced: [] };
  for (let round = 0; round < rounds; round++) {
    for (const kernels of Object.keys(rates)) {
      const { algebra } = await startBackend("wasm", { patched: kernels === "replaced" });
      const elapsed = await seconds({
        algebra,
        problem,
        objective: await problem.onTensors(algebra),
        optimizer: lars(problem, steps),
        steps,
        batchSize,
        stepsPerEpoch: stepsPerEpoch(data.train.size, batchSize),
        sampler: batchSampler(data.train.size, { seed: 0, name: "data order" }),
        traced: () => true,
      });
      rates[kernels]?.push((steps - 5) / elapsed);
    }
  }
  console.log("MLP 784-300-100-10, batch 128, LARS, every step traced with all layer norms, wasm:");
  for (const [kernels, values] of Object.entries(rates)) {
    console.log(
      `  kernels ${kernels.padEnd(10)}  ${median(values).toFixed(1)} steps/s  (${values.map((v) => v.toFixed(1)).join(", ")})`,
    );
  }
  const ratios = rates.replaced?.map((rate, round) => rate / (rates["as shipped"]?.[round] ?? Number.NaN)) ?? [];
  console.log(`  ratio ${median(ratios).toFixed(2)}  (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`);
}

async function convex() {
  const problem = await quadratic.create(
    /** @type {any} */ (quadratic.schema.parse({ name: "quadratic", dimension: 10 })),
    {
      stream,
      directory: ".",
    },
  );
  const steps = 200_000;
  console.log("quadratic of 10 dimensions, float64, LARS:");
  for (const [what, options] of Object.entries({
    untraced: { traced: () => false },
    measured: { traced: () => false, measureEveryStep: true },
  })) {
    const times = [];
    for (let round = 0; round < rounds; round++) {
      const objective = /** @type {NonNullable<typeof problem.onHost>} */ (problem.onHost)(float64);
      const training = {
        algebra: float64,
        problem,
        objective,
        optimizer: lars(problem, steps),
        steps,
        stepsPerEpoch: 1,
        batchSize: "full",
      };
      const start = performance.now();
      for await (const _ of train(
        /** @type {any} */ ({
          evaluated: () => false,
          lossLimit: 1e30,
          measureEveryStep: false,
          ...training,
          ...options,
        }),
      ));
      times.push(((performance.now() - start) * 1000) / steps);
    }
    console.log(`  ${what.padEnd(9)} ${median(times).toFixed(2)} µs a step`);
  }
}

await network();
await convex();
