import { deserialize, serialize } from "node:v8";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { type BatchSamplerState, batchSampler } from "../../src/data/batches.js";
import type { Optimizer } from "../../src/optimizers/optimizer.js";
import { optimizers } from "../../src/optimizers/registry.js";
import type { Objective, Problem } from "../../src/problems/problem.js";
import { captureState, restoreState, type TrainingState } from "../../src/training/state.js";
import { train } from "../../src/training/train.js";
import { optimizerOver } from "../optimizers/rules.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "./support.js";

const momentum = { momentum: 0.5 };
const rules = [
  { name: "sgd", learningRate: 0.05, ...momentum },
  { name: "lars", learningRate: 0.05, ...momentum, nesterov: true },
  { name: "lars", learningRate: 0.05, ...momentum, scope: "global" },
  { name: "lars", learningRate: { schedule: "cosine", initial: 0.1 } },
  ...optimizers.map(({ name }) => ({ name, learningRate: 0.05 })),
];
const source = { seed: 3, name: "data order" };

interface Saved {
  readonly training: TrainingState;
  readonly sampler: BatchSamplerState;
}

/** Ten steps of three batches an epoch, and what was saved before step 7, in the middle of the third. */
async function interrupted<V, S>(
  algebra: Algebra<V, S>,
  problem: Problem,
  make: () => Promise<Objective<V, S>>,
  rule: object,
) {
  const options = { steps: 10, batchSize: 40, stepsPerEpoch: 3 };
  const sampler = batchSampler(problem.examples!, source);
  const saved: Saved[] = [];
  const checkpoints = {
    everySteps: 7,
    due: () => false,
    save: (training: TrainingState) => saved.push(deserialize(serialize({ training, sampler: sampler.state() }))),
  };
  const whole = await collect(algebra, problem, await make(), { ...rule }, { ...options, sampler, checkpoints });
  const goOn = async ({ training, sampler }: Saved) =>
    collect(
      algebra,
      problem,
      await make(),
      { ...rule },
      {
        ...options,
        resume: training,
        sampler: batchSampler(problem.examples!, source, sampler),
      },
    );
  return { whole, saved, goOn };
}

describe("a training that goes on from a checkpoint", () => {
  test.each(rules)(
    "makes the same records as one that was not cut off, in float64 and on tensors: %j",
    async (rule) => {
      const problem = await makeProblem({ name: "logistic-regression" });
      const { algebra } = await startBackend("cpu");
      const before = tf.memory().numTensors;
      const sessions = [
        await interrupted(float64, problem, async () => problem.onHost!(float64), rule),
        await interrupted(algebra, problem, async () => problem.onTensors(algebra), rule),
      ];
      for (const { whole, saved, goOn } of sessions) {
        expect(saved.map(({ training }) => training.step)).toEqual([7]);
        const resumed = await goOn(saved[0]!);
        expect(resumed.records).toEqual(whole.records.slice(7));
        expect(resumed.end).toEqual({ outcome: "completed", steps: 10 });
      }
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test("has lost something where the velocity, or the order of the examples, was lost", async () => {
    const problem = await makeProblem({ name: "logistic-regression" });
    const { whole, saved, goOn } = await interrupted(float64, problem, async () => problem.onHost!(float64), rules[0]!);
    const [{ training, sampler }] = saved as [Saved];
    const still = training.optimizer.map(({ velocity }) => ({ velocity: velocity!.map(() => 0) }));
    const [, afterwards] = (await goOn({ sampler, training: { ...training, optimizer: still } })).records;
    expect(afterwards!.loss).not.toBe(whole.records[8]!.loss);
    const [first] = (await goOn({ training, sampler: { ...sampler, position: 0 } })).records;
    expect(first!.loss).not.toBe(whole.records[7]!.loss);
  });

  // f(w) = ½(w − 1)² from 0.5, λ = 0.1, m = 0.5: v = −0.5, w = 0.55; v = −0.25 − 0.45 = −0.7, w = 0.62
  test("saves weights and velocity, by hand, where a signal ends it too", async () => {
    const problem = await makeProblem({ name: "scalar", start: 0.5 });
    const saved: TrainingState[] = [];
    const save = (state: TrainingState) => saved.push(state);
    const rule = { name: "sgd", learningRate: 0.1, ...momentum };
    const run = (options: object) =>
      collect(float64, problem, problem.onHost!(float64), rule, { steps: 2, ...options });
    await run({ checkpoints: { everySteps: 1, due: () => false, save } });
    await run({ signal: AbortSignal.abort(), checkpoints: { everySteps: 9, due: () => false, save } });
    expect(saved.map(({ step }) => step)).toEqual([1, 2, 1]);
    const [, second, first] = saved;
    expect(second!.weights[0]![0]).toBeCloseTo(0.62, 15);
    expect(second!.optimizer[0]!.velocity![0]).toBeCloseTo(-0.7, 15);
    expect(first!.weights[0]).toBeInstanceOf(Float64Array);
    expect([first!.weights[0]![0], first!.optimizer[0]!.velocity![0]]).toEqual([0.55, -0.5]);
  });

  test("is saved on tensors as the float32 numbers they are", async () => {
    const { algebra } = await startBackend("cpu");
    const problem = await makeProblem({ name: "scalar", start: 0.5 });
    const saved: TrainingState[] = [];
    const checkpoints = { everySteps: 1, due: () => false, save: (state: TrainingState) => saved.push(state) };
    const rule = { name: "sgd", learningRate: 0.1, ...momentum };
    await collect(algebra, problem, await problem.onTensors(algebra), rule, { steps: 1, checkpoints });
    expect(saved[0]!.weights[0]).toEqual(Float32Array.of(Math.fround(0.5 + Math.fround(0.1) * 0.5)));
    expect(saved[0]!.optimizer[0]!.velocity).toEqual(Float32Array.of(-0.5));
  });
});

describe("what a rule remembers", () => {
  async function passedThrough<V, S>(algebra: Algebra<V, S>) {
    const layers = [{ name: "layer", shape: [2] }];
    const vector = (values: readonly number[]) => algebra.vector(Float64Array.from(values), [2]);
    const state = [{ mean: vector([5, 6]), seen: algebra.scalar(7) }];
    const optimizer: Optimizer = {
      ...optimizerOver(layers, { name: "sgd", learningRate: 1 }, 1),
      initialState: (fresh, weights) => [{ mean: fresh.zerosLike(weights[0]!), seen: fresh.scalar(0) }],
    };
    const saved = await captureState(algebra, { step: 3, weights: [vector([1, 2])], state });
    const restored = restoreState(algebra, optimizer, layers, deserialize(serialize(saved)));
    const { mean, seen } = restored.state[0]!;
    expect([algebra.isScalar(mean!), algebra.isScalar(seen!)]).toEqual([false, true]);
    const read = async (value: V | S) => [...(await algebra.values(value))];
    return { step: restored.step, values: await Promise.all([restored.weights[0]!, mean!, seen!].map(read)) };
  }

  test("comes back as the vectors and scalars it was, on the host and on tensors", async () => {
    const { algebra } = await startBackend("cpu");
    const wanted = { step: 3, values: [[1, 2], [5, 6], [7]] };
    expect(await passedThrough(float64)).toEqual(wanted);
    expect(await passedThrough(algebra)).toEqual(wanted);
  });
});

describe("no tensor is left behind", () => {
  /** Begins a training with momentum on tensors. */
  async function begin() {
    const { algebra } = await startBackend("cpu");
    const problem = await makeProblem({ name: "block-quadratic" });
    const before = tf.memory().numTensors;
    const records = train({
      algebra,
      problem,
      objective: await problem.onTensors(algebra),
      optimizer: optimizerOver(problem.layers, { name: "lars", learningRate: 0.1, ...momentum }, 20),
      ...{ steps: 20, batchSize: "full", stepsPerEpoch: 1, lossLimit: 1e30, measureEveryStep: false },
      traced: (step) => step % 4 === 0,
      evaluated: () => false,
    });
    return { before, records };
  }

  test.each([1, 3])("by a reader that ends after record %i", async (count) => {
    const { before, records } = await begin();
    for (let i = 0; i < count; i++) await records.next();
    expect(tf.memory().numTensors).toBeGreaterThan(before);
    await records.return({ outcome: "interrupted", steps: 0 });
    expect(tf.memory().numTensors).toBe(before);
  });

  test("by a reader that throws", async () => {
    const { before, records } = await begin();
    const reading = async () => {
      for await (const { step } of records) if (step === 8) throw new Error("the reader's own");
    };
    await expect(reading()).rejects.toThrow("the reader's own");
    expect(tf.memory().numTensors).toBe(before);
  });
});
