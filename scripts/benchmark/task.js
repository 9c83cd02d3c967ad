// What the peers compute: the data, the first weights and the batches of a config, written to files of plain numbers.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomStream } from "../../dist/base/random.js";
import { builtIn } from "../../dist/built-in/built-in.js";
import { batchSampler } from "../../dist/data/batches.js";
import { InputReader } from "../../dist/data/input-reader.js";
import { float64, startBackend } from "../../dist/index.js";
import { classificationExamples } from "../../dist/problems/regression-data.js";

/** @typedef {import("../../dist/problems/problem.js").Problem} Problem */
/** @typedef {import("../../dist/problems/problem.js").ProblemContext} ProblemContext */
/** @typedef {{ file: string, type: string, shape: readonly number[] }} ArrayFile */
/** @typedef {Float32Array | Float64Array | Int32Array} Numbers */

const types = { Float32Array: "<f4", Float64Array: "<f8", Int32Array: "<i4" };

/** Writes arrays into a directory. @param {string} directory */
function arrayWriter(directory) {
  mkdirSync(directory, { recursive: true });
  /** @type {(name: string, values: Numbers, shape: readonly number[]) => ArrayFile} */
  return (name, values, shape) => {
    const file = join(directory, `${name.replaceAll("/", "-")}.bin`);
    writeFileSync(file, values);
    return { file, type: types[/** @type {keyof typeof types} */ (values.constructor.name)], shape };
  };
}

/** The registry's definition that a part of a config names, with the options it makes of that part. */
function defined(/** @type {readonly any[]} */ definitions, /** @type {any} */ options) {
  const definition = definitions.find(({ name }) => name === options.name);
  return { definition, options: definition.schema.parse(options) };
}

/** Images in [0, 1] with their classes, and the order of the first epoch, a row a batch. */
function networkArrays(/** @type {any} */ config, /** @type {Problem} */ problem, /** @type {any} */ write) {
  const dataset = /** @type {NonNullable<Problem["dataset"]>} */ (problem.dataset);
  const { train, height, width, channels } = dataset;
  const reader = new InputReader(dataset);
  const everyone = Int32Array.from({ length: train.size }, (_, i) => i);
  const sampler = batchSampler(train.size, { seed: 0, name: "data order" });
  const batches = Math.floor(train.size / config.batchSize);
  const order = Int32Array.from(Array.from({ length: batches }, () => [...sampler.next(config.batchSize)]).flat());
  const takesImages = problem.layers[0]?.shape.length === 4;
  const shape = takesImages ? [train.size, height, width, channels] : [train.size, reader.length];
  return {
    images: write("images", reader.read(train, everyone, new Float32Array(train.size * reader.length)), shape),
    labels: write("labels", Int32Array.from(train.labels), [train.size]),
    batches: write("batches", order, [batches, config.batchSize]),
  };
}

/** H and w*: column i of H is the gradient at w* + e_i, and the diagonal of a diagonal one that at w* + (1, …, 1). */
function quadraticArrays(/** @type {any} */ config, /** @type {Problem} */ problem, /** @type {any} */ write) {
  const optimum = /** @type {Float64Array} */ (problem.constants?.optimum?.[0]);
  const n = optimum.length;
  const objective = /** @type {NonNullable<Problem["onHost"]>} */ (problem.onHost)(float64);
  const gradientAt = (/** @type {Float64Array} */ w) =>
    /** @type {Float64Array} */ (objective.lossAndGradients([w], "full").gradients[0]);
  const isDiagonal = config.problem.rotation === "none";
  const hessian = isDiagonal
    ? gradientAt(optimum.map((x) => x + 1))
    : Array.from({ length: n }, (_, i) => [...gradientAt(optimum.map((x, j) => x + Number(i === j)))]).flat();
  return {
    hessian: write("hessian", Float64Array.from(hessian), isDiagonal ? [n] : [n, n]),
    optimum: write("optimum", optimum, [n]),
  };
}

async function regressionArrays(
  /** @type {any} */ options,
  /** @type {ProblemContext} */ context,
  /** @type {any} */ write,
) {
  const { features, targets } = await classificationExamples(options, context);
  return {
    features: write("features", features.entries, [features.rows, features.columns]),
    targets: write("targets", targets, [features.rows]),
  };
}

/** The problem of a config, as a run of it with seed 0 would make it. */
async function problemOf(/** @type {any} */ config) {
  const data = config.data && defined(builtIn.datasets, config.data);
  const { definition, options } = defined(builtIn.problems, config.problem);
  /** @type {ProblemContext} */
  const context = {
    stream: (name) => randomStream({ seed: 0, name }),
    directory: ".",
    ...(data && { dataset: await data.definition.load(data.options, { announce() {} }) }),
  };
  return { options, context, problem: /** @type {Problem} */ (await definition.create(options, context)) };
}

/** w_0, one array a layer. @param {Problem} problem @returns {Promise<Numbers[]>} */
async function firstWeights(problem) {
  if (problem.onHost) return problem.onHost(float64).initialWeights();
  const { algebra } = await startBackend("wasm");
  const objective = await problem.onTensors(algebra);
  const weights = await Promise.all(objective.initialWeights().map((weight) => algebra.values(weight)));
  return weights.map((values) => Float32Array.from(values));
}

/**
 * Writes what a peer needs into a directory of its own.
 *
 * @param {any} config of one run with seed 0
 * @param {string} directory
 */
export async function taskOf(config, directory) {
  const write = arrayWriter(directory);
  const { problem, options, context } = await problemOf(config);
  const { name } = config.problem;
  const described =
    name === "quadratic"
      ? { kind: "quadratic", arrays: quadraticArrays(config, problem, write) }
      : name === "logistic-regression"
        ? {
            kind: "logistic-regression",
            arrays: await regressionArrays(options, context, write),
            options: { ridge: options.ridge },
          }
        : { kind: "network", arrays: networkArrays(config, problem, write) };
  const weights = await firstWeights(problem);
  return {
    ...described,
    learningRate: config.optimizer.learningRate,
    weights: problem.layers.map(({ name: layer, shape }, i) => ({
      name: layer,
      ...write(layer, /** @type {Numbers} */ (weights[i]), shape),
    })),
  };
}
