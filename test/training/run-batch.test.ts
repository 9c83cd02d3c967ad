import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { type Membership, RunBatch } from "../../src/compute/run-batch.js";
import { type TensorAlgebra, tensorAlgebra } from "../../src/compute/tensors.js";
import { batchSampler } from "../../src/data/batches.js";
import type { ImageDataset } from "../../src/data/dataset.js";
import { optimizers } from "../../src/optimizers/registry.js";
import { type Objective, type ObjectiveOfRuns, obstacleToBatches, type Problem } from "../../src/problems/problem.js";
import { problems } from "../../src/problems/registry.js";
import type { StepRecord } from "../../src/training/record.js";
import type { TrainingState } from "../../src/training/state.js";
import type { Training, TrainingEnd } from "../../src/training/train.js";
import { contextOf, makeProblem } from "../problems/support.js";
import { testedBackends } from "../tested-backends.js";
import { collect } from "./support.js";

const backend = testedBackends[0]!;
const steps = 8;

/** Twenty-four random images of nine pixels in three classes. */
function images(): ImageDataset {
  const stream = randomStream({ seed: 1, name: "images" });
  const draw = (size: number) => ({
    size,
    pixels: Uint8Array.from({ length: size * 9 }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: size }, () => stream.integer(0, 2)),
  });
  const sizes = { height: 3, width: 3, channels: 1, classes: 3 };
  return { name: "random", ...sizes, train: draw(24), validation: draw(5), test: draw(7), checksum: "", source: "" };
}

/** The network of these options on the images, for each seed. */
function networkOf(options: { readonly name: string }): ProblemOf {
  const dataset = images();
  const definition = problems.find(({ name }) => name === options.name)!;
  return (seed) => definition.create(definition.schema.parse(options), { ...contextOf(seed), dataset });
}

/** One run of a batch: what it differs in from the others. */
interface Part extends Partial<Pick<Training<unknown, unknown>, "resume" | "lossLimit" | "traced" | "batchSize">> {
  readonly learningRate: number | object;
  readonly seed?: number;
}

/** A problem for each seed. */
type ProblemOf = (seed: number) => Problem | Promise<Problem>;

interface Outcome {
  readonly records: StepRecord[];
  readonly end: TrainingEnd;
  readonly saved: TrainingState[];
}

/** Trains one of the runs, whatever it is computed on. */
async function trainOne<V, S>(
  algebra: Algebra<V, S>,
  problem: Problem,
  objective: Objective<V, S>,
  rule: object,
  { learningRate, seed = 1, batchSize = 10, ...options }: Part,
  breathe?: Membership["breathe"],
): Promise<Outcome> {
  const saved: TrainingState[] = [];
  const checkpoints = { everySteps: 5, due: () => false, save: (state: TrainingState) => saved.push(state) };
  const sampler = batchSampler(problem.examples!, { seed, name: "data order" });
  const made = await collect(
    algebra,
    problem,
    objective,
    { ...rule, learningRate },
    {
      steps,
      batchSize,
      stepsPerEpoch: 2,
      ...(batchSize !== "full" && { sampler, evaluationExamples: Int32Array.of(seed, 5, 7) }),
      evaluated: (step) => step % 4 === 0,
      keepWeights: true,
      checkpoints,
      breathe,
      ...options,
    },
  );
  return { ...made, saved };
}

async function alone(problemOf: ProblemOf, rule: object, part: Part): Promise<Outcome> {
  const { algebra } = await startBackend(backend);
  const problem = await problemOf(part.seed ?? 1);
  return trainOne(algebra, problem, await problem.onTensors(algebra), rule, part);
}

/** @param device what they are computed on; default: the backend's own algebra */
async function together(
  problemOf: ProblemOf,
  rule: object,
  parts: readonly Part[],
  device?: () => TensorAlgebra,
): Promise<Outcome[]> {
  const { algebra } = await startBackend(backend);
  const batch = new RunBatch(device?.() ?? algebra);
  const runs = parts.map(() => batch.join());
  return Promise.all(
    runs.map(async ({ algebra, breathe, leave }, i) => {
      try {
        const problem = await problemOf(parts[i]!.seed ?? 1);
        const objective = await (problem.ofRuns as ObjectiveOfRuns)(algebra);
        return await trainOne(algebra, problem, objective, rule, parts[i]!, breathe);
      } finally {
        leave();
      }
    }),
  );
}

/** Numbers in a record or a state, one after the other. */
function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (ArrayBuffer.isView(value)) return [...(value as Float32Array)];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

function expectAlike(found: unknown, wanted: unknown, what: string): void {
  const [some, others] = [numbersIn(found), numbersIn(wanted)];
  expect(some.length, what).toBe(others.length);
  const largest = Math.max(...others.filter(Number.isFinite).map(Math.abs), 1e-30);
  some.forEach((value, i) => {
    const other = others[i]!;
    if (!Number.isFinite(other)) expect(value, what).toEqual(other);
    else
      expect(Math.abs(value - other), `${what}: ${value}, not ${other}`).toBeLessThan(
        2e-4 * (Math.abs(other) + 1e-2 * Math.min(1, largest)),
      );
  });
}

function expectSame(found: Outcome, wanted: Outcome): void {
  expect(found.end.outcome).toBe(wanted.end.outcome);
  expect(found.end.steps).toBe(wanted.end.steps);
  expect(found.records.map(({ step }) => step)).toEqual(wanted.records.map(({ step }) => step));
  found.records.forEach((record, i) => {
    expectAlike(record, wanted.records[i], `step ${record.step}`);
  });
  expectAlike(found.saved, wanted.saved, "what was saved");
  expectAlike(found.end.weights, wanted.end.weights, "the weights");
}

/** Each run of the batch as it would be alone, and no tensor left behind. */
async function expectAsAlone(
  problemOf: ProblemOf,
  rule: object,
  parts: readonly Part[],
  device?: () => TensorAlgebra,
): Promise<Outcome[]> {
  await startBackend(backend);
  const before = tf.memory().numTensors;
  const found = await together(problemOf, rule, parts, device);
  expect(tf.memory().numTensors).toBe(before);
  for (const [i, part] of parts.entries()) expectSame(found[i]!, await alone(problemOf, rule, part));
  return found;
}

const rules = [
  ...optimizers.flatMap(({ name, variants: [first] = [] }) => [{ name }, ...(first ? [{ name, ...first }] : [])]),
  { name: "lars", scope: "global" },
  { name: "lars", scope: "neuron", momentum: 0.9 },
  { name: "adam", clipGradient: { method: "global-norm", maximum: 0.1 } },
  { name: "lamb", exclude: ["intercept"] },
];

describe(`runs that train together on ${backend} come out as each does alone`, () => {
  const noisy = { examples: 20, weights: { dimension: 4, norm: 2 }, noise: 0.5, outputs: 3 };
  const leastSquares = () => makeProblem({ name: "least-squares", data: noisy, intercept: "layer", ridge: 0.1 });

  // Beside the default backends the operations matter, which these have in common; a software adapter takes long for each.
  const others = rules.filter(({ name }) => ["lars", "nero", "muon"].includes(name));
  const plain = others.filter((rule) => Object.keys(rule).length === 1);
  const tried = testedBackends.length > 1 ? rules : backend === "webgpu" ? plain : others;
  test.each(tried.map((rule) => [JSON.stringify(rule), rule] as const))("%s", async (_, rule) => {
    const { saved } = await alone(leastSquares, rule, { learningRate: 0.03 });
    const found = await expectAsAlone(leastSquares, rule, [
      { learningRate: 0.02 },
      { learningRate: 0.05, seed: 2 },
      { learningRate: 0.01, lossLimit: 0.01 },
      { learningRate: { schedule: "cosine", initial: 0.04 }, traced: (step) => step % 3 === 0 },
      { learningRate: 0.03, resume: saved[0]! },
    ]);
    expect(found[2]!.end.outcome).toBe("diverged");
  });

  test("several steps that are read at once, as from a device", async () => {
    const parts = [1, 2].map((factor) => ({ learningRate: 0.02 * factor, traced: (step: number) => step % 2 === 0 }));
    await expectAsAlone(leastSquares, { name: "adam" }, parts, () => tensorAlgebra(null));
    await expectAsAlone(networkOf({ name: "softmax-regression" }), { name: "lars" }, parts, () => tensorAlgebra(null));
  });

  test("averages of the weights", async () => {
    const seeds = [1, 2].map((seed) => ({ learningRate: 0.02 * seed, seed }));
    await expectAsAlone((seed) => makeProblem({ name: "logistic-regression" }, seed), { name: "lars" }, seeds);
  });

  const layer = (kind: string, options: object = {}) => ({ layer: kind, ...options });
  const networks = [
    { name: "softmax-regression" },
    { name: "softmax-regression", bias: false, initializer: "zeros", lossScale: 3 },
    { name: "mlp", hidden: [5, 4], activation: "relu" },
    { name: "mlp", hidden: [5], activation: "tanh", lossScale: 0.5 },
    { name: "mlp", hidden: [5], activation: "sigmoid" },
    { name: "cnn", layers: [layer("dense", { units: 6, activation: "gelu" }), layer("activation")] },
  ];
  // A software adapter takes minutes for what takes others a second.
  const triedNetworks = backend === "webgpu" ? networks.slice(0, 1) : networks;
  test.each(triedNetworks.map((network) => [JSON.stringify(network), network] as const))("%s", async (_, network) => {
    const problemOf = networkOf(network);
    const parts = [{ learningRate: 0.02 }, { learningRate: 0.05, seed: 2 }, { learningRate: 0.01, lossLimit: 0.1 }];
    const found = await expectAsAlone(problemOf, { name: "lars", momentum: 0.5 }, [
      ...parts,
      { learningRate: 0.02, traced: (step) => step % 3 === 0 },
    ]);
    expect(found[2]!.end.outcome).toBe("diverged");
    // All have the same batches, and full ones are kept on the device.
    const full = [0.01, 0.02, 0.04].map((learningRate) => ({ learningRate, batchSize: "full" as const }));
    await expectAsAlone(problemOf, { name: "lars" }, full);
  });

  test.each([
    ["convolutions", { name: "cnn", layers: [layer("conv", { filters: 2, kernel: 2 })] }],
    ["dropout", { name: "cnn", layers: [layer("dense", { units: 3 }), layer("dropout")] }],
    ["batch normalisation", { name: "cnn", layers: [layer("dense", { units: 3 }), layer("batch-norm")] }],
  ])("networks with %s say that they cannot", async (_, network) => {
    expect(obstacleToBatches(await networkOf(network)(1))).toMatch("layers other than fully connected ones");
  });
});
