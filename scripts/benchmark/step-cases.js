// The time of a training step: the same loop, rule, data, first weights and batches for every contender.
import { join } from "node:path";
import { builtIn } from "../../dist/built-in/built-in.js";
import { scaled } from "./case.js";
import { taskOf } from "./task.js";

/** @typedef {import("./case.js").Case} Case */
/** @typedef {import("./case.js").Context} Context */
/** @typedef {import("./case.js").Contender} Contender */
/** @typedef {import("./engines.js").Engine} Engine */
/**
 * @typedef {object} StepCase
 * @property {string} name
 * @property {string} section
 * @property {string} title
 * @property {"ms" | "µs"} unit
 * @property {any} config of one run, without steps and backend
 * @property {readonly string[]} engines backends of this tool, libraries of Python
 * @property {number} steps
 * @property {number} [peerSteps] where peers take so much longer that fewer must do
 * @property {number} [warm] steps before the clock starts; without it the whole run counts, its files' way to the disk included
 * @property {number} tolerance
 * @property {boolean} [gradientJumps]
 * @property {number} [rounds]
 * @property {boolean} [isShared] whether its matrix products are so large that threads share them: measured without that too
 * @property {boolean} [oneThread] whether PyTorch on the CPU is asked on one thread alone
 */

const networks = "networks";
const convex = "convex problems in float64";

/** As many as powers of two go into without a rest. */
const digits = { name: "synthetic-digits", train: 16_384, test: 16 };
const lars = { name: "lars", learningRate: 0.02 };

/**
 * A network in float32: every step traced with the norms of all layers, evaluated as little as can be.
 *
 * @param {any} problem
 * @param {number} batchSize
 */
export const networkConfig = (problem, batchSize) => ({
  problem: { bias: false, ...problem },
  data: digits,
  optimizer: lars,
  batchSize,
  evaluate: { every: "end", trainingExamples: 16 },
});
const tensorBackends = ["wasm", "wasm-fma", "tensorflow", "cuda", "webgpu"];
const everyNetworkEngine = [...tensorBackends, "pytorch", "jax", "numpy"];
/** PyTorch adds up a norm in one float32 pass: of a million weights that is off by 3e-4, and so then is LARS. */
const float32Tolerance = 1e-3;
const network = {
  section: networks,
  unit: /** @type {const} */ ("ms"),
  warm: 5,
  tolerance: float32Tolerance,
  gradientJumps: true,
};

/** A quadratic or regression in float64, w_0 and w_K traced. */
const convexConfig = (/** @type {any} */ problem) => ({
  problem,
  optimizer: lars,
  evaluate: "end",
  bounds: [],
  trace: { every: 1_000_000 },
});
const convexCase = { section: convex, engines: ["float64", "numpy", "pytorch", "jax"], tolerance: 1e-9 };

/** Untraced, with all bounds watched, and with every step traced. @param {number} dimension */
function quadratics(dimension) {
  const isDense = dimension <= 100;
  const config = convexConfig({ name: "quadratic", dimension, ...(!isDense && { rotation: "none" }) });
  const what = `Quadratic of ${dimension} dimensions, ${isDense ? "dense" : "diagonal"} H`;
  // A step of microseconds has nothing to share among threads.
  const common = {
    ...convexCase,
    oneThread: true,
    unit: /** @type {const} */ ("µs"),
    steps: isDense ? 1_000_000 : 100_000,
  };
  const counts = { ...common, peerSteps: 20_000 };
  return [
    { ...counts, name: `quadratic-${dimension}`, title: `${what}: steps alone`, config },
    {
      ...counts,
      name: `quadratic-${dimension}-bounds`,
      title: `${what}: all bounds watched at every step (the peers watch none)`,
      config: { ...config, bounds: "auto" },
    },
    {
      ...counts,
      name: `quadratic-${dimension}-traced`,
      title: `${what}: every step traced to CSV`,
      config: { ...config, trace: { every: 1 } },
      steps: isDense ? 500_000 : 100_000,
      peerSteps: 20_000,
    },
  ];
}

/** @type {readonly StepCase[]} */
const peerCases = [
  {
    ...network,
    name: "softmax",
    title: "Softmax regression 784-10, batch 128",
    config: networkConfig({ name: "softmax-regression" }, 128),
    engines: everyNetworkEngine,
    steps: 205,
  },
  {
    ...network,
    name: "mlp",
    title: "MLP 784-300-100-10, batch 128",
    config: networkConfig({ name: "mlp", hidden: [300, 100] }, 128),
    engines: everyNetworkEngine,
    steps: 105,
  },
  {
    ...network,
    name: "wide-mlp",
    title: "MLP 784-1024-1024-10, batch 1024; on wasm all cores share its products, unless it says 1 thread",
    isShared: true,
    config: networkConfig({ name: "mlp", hidden: [1024, 1024] }, 1024),
    engines: everyNetworkEngine,
    steps: 9,
    warm: 2,
  },
  {
    ...network,
    name: "lenet",
    title: "LeNet, batch 64",
    config: networkConfig({ name: "cnn", layers: "lenet" }, 64),
    engines: [...tensorBackends, "pytorch", "jax"],
    steps: 45,
  },
  ...quadratics(10),
  ...quadratics(1000),
  {
    ...convexCase,
    name: "logistic",
    title: "Logistic regression, 10,000 × 100, full batch",
    unit: "ms",
    config: convexConfig({
      name: "logistic-regression",
      data: { examples: 10_000, weights: { dimension: 100, norm: 1, direction: "random" } },
    }),
    steps: 1000,
  },
];

const scalingEngines = [...tensorBackends.filter((name) => name !== "wasm-fma"), "pytorch"];
/** @type {readonly StepCase[]} */
const scalingCases = [
  ...[128, 256, 512, 1024].map((width) => ({
    ...network,
    section: "cost against width",
    name: `width-${width}`,
    title: `784-${width}-${width}-10, batch 128`,
    config: networkConfig({ name: "mlp", hidden: [width, width] }, 128),
    engines: scalingEngines,
    oneThread: true,
    rounds: 3,
    steps: 35,
  })),
  ...[32, 128, 512].map((batchSize) => ({
    ...network,
    section: "cost against batch size",
    name: `batch-${batchSize}`,
    title: `784-300-100-10, batch ${batchSize}`,
    config: networkConfig({ name: "mlp", hidden: [300, 100] }, batchSize),
    engines: scalingEngines,
    oneThread: true,
    rounds: 3,
    steps: 35,
  })),
  ...[1, 2, 4, 8].map((layers) => ({
    ...network,
    section: "cost against layers",
    name: `layers-${layers}`,
    title: `784-${layers} × 128-10, batch 128`,
    config: networkConfig({ name: "mlp", hidden: Array.from({ length: layers }, () => 128) }, 128),
    engines: scalingEngines,
    oneThread: true,
    rounds: 3,
    steps: 35,
  })),
];

const firstSteps = 5;

/** A GPU is read several steps at a time, and is soon done with each. @param {Engine} engine @param {number} steps */
const stepsOn = ({ isOnGpu }, steps) => (isOnGpu ? Math.max(steps, 165) : steps);

/** @param {StepCase} entry @param {Engine} engine @param {Context} context @returns {Promise<Contender | undefined>} */
async function toolContender({ config, warm, ...entry }, engine, context) {
  const server = await engine.server();
  if (!server) return undefined;
  const onBackend = engine.backend === "float64" ? config : { ...config, backend: engine.backend };
  const steps = scaled(stepsOn(engine, entry.steps), context, (warm ?? 0) + 5);
  return {
    name: engine.name,
    isPeer: false,
    measure: () => server.request("train", { config: { ...onBackend, steps }, warm, isOnGpu: engine.isOnGpu }),
    firstSteps: () =>
      server.request("firstSteps", { config: { ...onBackend, steps: firstSteps, bounds: [], trace: { every: 1 } } }),
  };
}

/** @param {StepCase} entry @param {Engine} engine @param {Context} context @returns {Promise<Contender | undefined>} */
async function peerContender({ config, warm = 5, ...entry }, engine, context, /** @type {any} */ task) {
  const server = await engine.server();
  if (!server) return undefined;
  await server.request("prepare", { task });
  const steps = scaled(entry.peerSteps ?? stepsOn(engine, entry.steps), context, 5);
  const traced = config.trace?.every !== 1_000_000;
  return {
    name: engine.name,
    isPeer: true,
    measure: () => server.request("train", { steps, warm, traced }),
    firstSteps: () => server.request("firstSteps", { steps: firstSteps }),
  };
}

/** @param {StepCase} entry @returns {Case} */
function stepCase(entry) {
  const {
    name,
    section,
    title,
    unit,
    tolerance,
    gradientJumps = false,
    oneThread = false,
    rounds,
    config,
    engines,
  } = entry;
  const onGpu = engines.includes("webgpu");
  return {
    name,
    section,
    title,
    unit,
    tolerance,
    gradientJumps,
    onGpu,
    ...(rounds !== undefined && { rounds }),
    async contenders(context) {
      if (!builtIn.problems.some((problem) => problem.name === config.problem.name)) return [];
      const task = await taskOf(config, join(context.directory, name));
      const made = [];
      for (const engine of context.engines.filter(({ backend }) => engines.includes(backend))) {
        if (oneThread && engine.backend === "pytorch" && engine.threads !== 1 && !engine.isOnGpu) continue;
        if (!engine.isPeer && engine.threads === 1 && !entry.isShared) continue;
        if (engine.isOnGpu && !onGpu) continue;
        made.push(
          engine.isPeer
            ? await peerContender(entry, engine, context, task)
            : await toolContender(entry, engine, context),
        );
      }
      return made.filter((contender) => contender !== undefined);
    },
  };
}

/** @type {readonly Case[]} */
export const stepCases = [...peerCases, ...scalingCases].map(stepCase);
