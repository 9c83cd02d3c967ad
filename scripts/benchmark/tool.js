// Answers the benchmark for this tool: a JSON request a line comes in, a JSON answer a line goes out. Runs are made by the
// public API of the built product, with what every user's run has: norms, bounds, trace files, checkpoints.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "csv-parse/sync";
import { builtIn, executeExperiment, expand, experimentOf, startBackend } from "../../dist/index.js";

/**
 * Makes the one run of a config in a directory that goes afterwards.
 *
 * @template T
 * @param {Record<string, unknown>} config
 * @param {{ record?: (step: number) => void, read?: (directory: string) => T }} options what sees each step, and what is
 *   taken from the run's directory
 */
async function runOf(config, { record = () => {}, read } = {}) {
  const out = mkdtempSync(join(tmpdir(), "benchmark-"));
  try {
    const experiment = await experimentOf({ name: "benchmark", ...config }, out, builtIn);
    const result = await executeExperiment(
      experiment,
      expand(experiment),
      { out, force: false, jobs: 1 },
      { begin() {}, start() {}, record: (_, { step }) => record(step), end() {}, finish() {}, announce() {} },
    );
    const manifest = result.manifests[0];
    if (manifest?.status !== "completed") throw new Error(result.failures[0] ?? manifest?.stopReason);
    return { manifest, found: read?.(join(result.directory, "runs", manifest.id)) };
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** The numbers of the traces' first steps, from the files a user would read. @param {string} directory */
function traced(directory) {
  const rows = (/** @type {string} */ file) =>
    /** @type {Record<string, string>[]} */ (parse(readFileSync(join(directory, file), "utf8"), { columns: true }));
  const layers = rows("layers.csv");
  return rows("trace.csv")
    .slice(0, -1)
    .map(({ step, loss }) => ({
      loss: Number(loss),
      layers: layers
        .filter((row) => row.step === step)
        .map(({ weight_norm, grad_norm, update_norm }) => [weight_norm, grad_norm, update_norm].map(Number)),
    }));
}

/** The best GFLOP/s that a matrix product of random numbers reaches in so many seconds. */
async function product(/** @type {any} */ { backend, shape, seconds, kernels }) {
  const tf = await import("@tensorflow/tfjs-core");
  // The kernels of TensorFlow.js itself have an interface of their own.
  const { startBackend: start } = await import("../../dist/compute/backends.js");
  await start(backend, { patched: kernels !== "shipped" });
  const [rows, inner, columns, transposeA, transposeB] = shape;
  const a = tf.randomNormal(transposeA ? [inner, rows] : [rows, inner]);
  const b = tf.randomNormal(transposeB ? [columns, inner] : [inner, columns]);
  let shortest = Number.POSITIVE_INFINITY;
  const end = performance.now() + 1000 * seconds;
  do {
    const started = performance.now();
    tf.matMul(a, b, transposeA, transposeB).dispose();
    shortest = Math.min(shortest, performance.now() - started);
  } while (performance.now() < end);
  tf.dispose([a, b]);
  return (2 * rows * inner * columns) / shortest / 1e6;
}

/** @type {Record<string, (request: any) => unknown>} */
const actions = {
  /** Starts the backend that later requests name in their configs. */
  async start({ backend }) {
    if (backend === "float64") return { device: "CPU, float64" };
    const { device } = await startBackend(backend);
    // As `auto`, which takes no GPU that is drawn in software.
    if (backend === "webgpu" && !device.startsWith("GPU")) throw new Error("there is no hardware adapter");
    return { device };
  },
  firstSteps: async ({ config }) => (await runOf(config, { read: traced })).found,
  /**
   * Seconds a step: of the whole run as its manifest has it, or from the record of step `warm` to the last one. On a
   * GPU several steps are read at once: their records come together, and it is from the last of those.
   */
  async train({ config, warm, isOnGpu }) {
    let [from, to] = [0, 0];
    let first = warm;
    let hasBegun = false;
    const begin = () => {
      hasBegun = true;
    };
    const record = (/** @type {number} */ step) => {
      to = performance.now();
      if (step >= warm && !hasBegun) [from, first] = [to, step];
      // Elsewhere many steps are taken, each with its record, before a microtask is.
      if (step === warm) isOnGpu ? queueMicrotask(begin) : begin();
    };
    const { manifest } = await runOf(config, warm === undefined ? {} : { record });
    return warm === undefined
      ? (manifest.wallSeconds ?? Number.NaN) / config.steps
      : (to - from) / 1000 / (config.steps - first);
  },
  /** Resident mebibytes at so many places along the run, the first fifth left out, where memory settles. */
  async memory({ config, samples }) {
    /** @type {number[]} */
    const mebibytes = [];
    const every = Math.floor((0.8 * config.steps) / samples);
    const record = (/** @type {number} */ step) => {
      if (step < 0.2 * config.steps || step % every !== 0) return;
      globalThis.gc?.();
      mebibytes.push(process.memoryUsage.rss() / 2 ** 20);
    };
    await runOf(config, { record });
    return mebibytes;
  },
  product,
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  /** @type {object} */
  let answer;
  try {
    answer = { result: await actions[request.do]?.(request) };
  } catch (error) {
    answer = { error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit();
