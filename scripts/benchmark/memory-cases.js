// Whether memory stays as it is over a long run.
import { scaled } from "./case.js";

/** @typedef {import("./case.js").Case} Case */

const samples = 40;
const mean = (/** @type {readonly number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const lars = { name: "lars", learningRate: 0.001 };

/** @param {string} name @param {string} backend @param {string} title @param {any} config @returns {Case} */
const memoryCase = (name, backend, title, config) => ({
  name,
  section: "memory",
  title: `${title}, 100,000 steps: by how much the mean of resident memory over the last fifth is above that over the second`,
  unit: "MiB",
  rounds: 1,
  async contenders(context) {
    const made = [];
    const steps = scaled(100_000, context, 500);
    // On one Node, the last that was asked for: it takes a minute.
    for (const engine of context.engines.filter((one) => one.backend === backend).slice(-1)) {
      if (!(await engine.server())) continue;
      made.push({
        name: engine.name,
        isPeer: false,
        async measure() {
          // A process of its own, in which nothing was before.
          const server = engine.process();
          await server.request("start", { backend });
          /** @type {number[]} */
          const mebibytes = await server.request("memory", { config: { ...config, steps }, samples });
          server.close();
          const quarter = mebibytes.length >> 2;
          return mean(mebibytes.slice(-quarter)) - mean(mebibytes.slice(0, quarter));
        },
      });
    }
    return made;
  },
});

/** @type {readonly Case[]} */
export const memoryCases = [
  memoryCase("memory-mlp", "wasm", "MLP 784-16-10, batch 8, every tenth step traced", {
    problem: { name: "mlp", hidden: [16], bias: false },
    data: { name: "synthetic-digits", train: 2048, test: 16 },
    backend: "wasm",
    optimizer: lars,
    batchSize: 8,
    trace: { every: 10 },
    evaluate: { every: "end", trainingExamples: 16 },
  }),
  memoryCase("memory-quadratic", "float64", "Quadratic of 10 dimensions, every step traced, all bounds watched", {
    problem: { name: "quadratic", dimension: 10 },
    optimizer: lars,
    evaluate: "end",
  }),
];
