// The time of whole commands, from the start of the process to its end, as a user waits for them.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scaled } from "./case.js";
import { networkConfig } from "./step-cases.js";
import { taskOf } from "./task.js";

/** @typedef {import("./case.js").Case} Case */
/** @typedef {import("./case.js").Context} Context */
/** @typedef {import("./case.js").Contender} Contender */
/** @typedef {import("./engines.js").Engine} Engine */

const tool = fileURLToPath(new URL("../../bin/run-experiment.js", import.meta.url));
const mlp = networkConfig({ name: "mlp", hidden: [300, 100] }, 128);

/** Seconds of a command of this tool. @param {Engine} engine @param {readonly string[]} args */
function secondsOf({ node }, args) {
  const started = performance.now();
  execFileSync(/** @type {import("./engines.js").NodeBinary} */ (node).path, [tool, ...args], { stdio: "pipe" });
  return (performance.now() - started) / 1000;
}

/**
 * Seconds that `run-experiment` takes for a config, its results in a directory that goes afterwards.
 *
 * @param {Engine} engine
 * @param {any} config
 * @param {Context} context
 * @param {readonly string[]} args
 */
function secondsOfRuns(engine, config, { directory }, args = []) {
  const place = mkdtempSync(join(directory, "command-"));
  const file = join(place, "benchmark.json");
  writeFileSync(file, JSON.stringify({ name: "benchmark", backend: engine.backend, ...config }));
  try {
    return secondsOf(engine, [file, "--out", place, "--quiet", ...args]);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** Whether an engine is this tool as a user starts it. @param {readonly string[]} backends @returns {(engine: Engine) => boolean} */
const isAsStarted =
  (backends) =>
  ({ isPeer, backend, threads }) =>
    !isPeer && threads === undefined && backends.includes(backend);

/**
 * This tool's engines of these backends that are there, as contenders.
 *
 * @param {Context} context
 * @param {readonly string[]} backends
 * @param {(engine: Engine) => number} measure
 * @returns {Promise<Contender[]>}
 */
async function toolContenders({ engines }, backends, measure) {
  const made = [];
  for (const engine of engines.filter(isAsStarted(backends))) {
    if (await engine.server()) {
      made.push({ name: engine.name, isPeer: false, measure: async () => measure(engine) });
    }
  }
  return made;
}

/**
 * Seconds that a peer takes from the start of its process to the answer.
 *
 * @param {Engine} engine
 * @param {any} task
 * @param {string} action
 * @param {any} request
 */
async function secondsFromStart(engine, task, action, request) {
  const started = performance.now();
  const server = engine.process();
  await server.request("start");
  await server.request("prepare", { task });
  await server.request(action, request);
  server.close();
  return (performance.now() - started) / 1000;
}

/** One of a command that no backend has a part in: once a Node. @param {string} name @param {string} title @param {readonly string[]} args @returns {Case} */
const startCase = (name, title, args) => ({
  name,
  section: "start",
  title,
  unit: "s",
  rounds: 3,
  contenders: async (context) =>
    (await toolContenders(context, ["float64"], (engine) => secondsOf(engine, args))).map((contender) => ({
      ...contender,
      name: contender.name.replace("float64, ", ""),
    })),
});

/** The time from the start of a process to the numbers of its first step. @type {Case} */
const firstStep = {
  name: "start-first-step",
  section: "start",
  title:
    "A run of one step of the MLP 784-300-100-10: from the command to its end (of the peers to the step's numbers)",
  unit: "s",
  rounds: 3,
  onGpu: true,
  async contenders(context) {
    const task = await taskOf(mlp, join(context.directory, "first-step"));
    const own = await toolContenders(context, ["wasm", "tensorflow", "cuda", "webgpu"], (engine) =>
      secondsOfRuns(engine, { ...mlp, steps: 1 }, context),
    );
    const peers = [];
    for (const engine of context.engines.filter(({ isPeer, threads }) => isPeer && threads !== 1)) {
      if (!(await engine.server())) continue;
      peers.push({
        name: engine.name,
        isPeer: true,
        measure: () => secondsFromStart(engine, task, "firstSteps", { steps: 1 }),
      });
    }
    return [...own, ...peers];
  },
};

const learningRates = Array.from({ length: 16 }, (_, i) => 0.005 * 10 ** (i / 15));
const sweepSteps = 200;

/** @param {number} runs @param {number} steps */
const sweepConfig = (runs, steps) => ({
  ...mlp,
  steps,
  sweep: { grid: { "optimizer.learningRate": learningRates.slice(0, runs) } },
});

/** @type {Case} */
const sweep = {
  name: "sweep",
  section: "sweeps",
  title: `16 learning rates, MLP 784-300-100-10, batch 128, ${sweepSteps} steps each, --jobs 2 on a CPU: from the command to its end (PyTorch: the 16 one after the other on all cores or the GPU, from its start to their end, and without its start)`,
  unit: "s",
  rounds: 3,
  onGpu: true,
  async contenders(context) {
    const steps = scaled(sweepSteps, context, 5);
    const own = await toolContenders(context, ["wasm", "wasm-fma", "tensorflow"], (engine) =>
      secondsOfRuns(engine, sweepConfig(16, steps), context, ["--jobs", "2"]),
    );
    /** @param {string} runs that train together @param {string} what */
    const onGpu = async (runs, what) =>
      (
        await toolContenders(context, ["cuda", "webgpu"], (engine) =>
          secondsOfRuns(engine, sweepConfig(16, steps), context, ["--jobs", "1", "--batch-runs", runs]),
        )
      ).map((contender) => ({ ...contender, name: `${contender.name}, ${what}` }));
    own.push(...(await onGpu("off", "one by one")), ...(await onGpu("16", "16 runs together")));
    const peers = [];
    const task = await taskOf(mlp, join(context.directory, "sweep"));
    for (const engine of context.engines.filter(({ backend, threads }) => backend === "pytorch" && threads !== 1)) {
      const server = await engine.server();
      if (!server) continue;
      await server.request("prepare", { task });
      const request = { learningRates, steps };
      peers.push(
        { name: engine.name, isPeer: true, measure: () => secondsFromStart(engine, task, "sweep", request) },
        { name: `${engine.name}, started`, isPeer: true, measure: () => server.request("sweep", request) },
      );
    }
    return [...own, ...peers];
  },
};

/** @type {readonly Case[]} */
const runsCases = [1, 2, 4, 8].map((runs) => ({
  name: `runs-${runs}`,
  section: "cost against the number of runs",
  title: `${runs} ${runs === 1 ? "run" : "runs"} of 100 steps of the MLP 784-300-100-10, --jobs 2, from the command to its end`,
  unit: "s",
  rounds: 3,
  contenders: (context) =>
    toolContenders(context, ["wasm"], (engine) =>
      secondsOfRuns(engine, sweepConfig(runs, scaled(100, context, 5)), context, ["--jobs", "2"]),
    ),
}));

/** @type {readonly Case[]} */
const stepsCases = [200, 400, 800].map((steps) => ({
  name: `steps-${steps}`,
  section: "cost against the number of steps",
  title: `one run of ${steps} steps of the MLP 784-300-100-10, from the command to its end`,
  unit: "s",
  rounds: 3,
  contenders: (context) =>
    toolContenders(context, ["wasm"], (engine) =>
      secondsOfRuns(engine, { ...mlp, steps: scaled(steps, context, 5) }, context),
    ),
}));

/** @type {readonly Case[]} */
export const commandCases = [
  sweep,
  ...stepsCases,
  ...runsCases,
  startCase("start-help", "`run-experiment --help`", ["--help"]),
  startCase("start-doctor", "`run-experiment doctor`, which tries every backend", ["doctor"]),
  firstStep,
];
