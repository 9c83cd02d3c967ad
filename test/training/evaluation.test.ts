import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { tensorAlgebra } from "../../src/compute/tensors.js";
import { batchSampler } from "../../src/data/batches.js";
import type { Batch, Objective } from "../../src/problems/problem.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "./support.js";

const rule = { name: "lars", learningRate: 0.1 };
const sampler = (examples: number) => batchSampler(examples, { seed: 0, name: "data order" });

/** The objective, counting what is asked of it. */
function counted<V, S>(objective: Objective<V, S>) {
  const calls = { full: 0, subset: 0 };
  const onTraining = (examples: Batch) => {
    const evaluate = objective.onTraining!(examples);
    return (weights: readonly V[]) => {
      calls[examples === "full" ? "full" : "subset"]++;
      return evaluate(weights);
    };
  };
  return { calls, objective: { ...objective, onTraining } };
}

describe("training losses by hand", () => {
  // f(w) = mean_i ½(w − a_i)², a = (0, 1, 5): at w_0 = 1 it is (1 + 0 + 16)/6, and f* = f(2) = (4 + 1 + 9)/6.
  const several = { name: "scalar", target: [0, 1, 5], start: 1 };

  test("over a subset of the examples, whatever the batch; the gap is over all of them", async () => {
    const problem = await makeProblem(several);
    const { calls, objective } = counted(problem.onHost!(float64));
    const { records } = await collect(float64, problem, objective, rule, {
      ...{ steps: 4, batchSize: 1, stepsPerEpoch: 3, sampler: sampler(3) },
      evaluated: (step) => step === 0,
      evaluationExamples: Int32Array.of(0, 2),
    });
    // Over a_0 and a_2: ½(1 + 16)/2
    expect(records[0]).toMatchObject({ train: { loss: 4.25 }, evaluated: true, gap: expect.closeTo(0.5, 15) });
    expect(records.map(({ train }) => train !== undefined)).toEqual([true, false, false, false, true]);
    const w = records.at(-1)!.weight!;
    expect(records.at(-1)!.train!.loss).toBeCloseTo((w ** 2 + (w - 5) ** 2) / 4, 14);
    expect(records.at(-1)!.loss).toBeNaN();
    expect(calls).toEqual({ full: 5, subset: 2 });
  });

  test("over all examples, computed once for the gap and the evaluation", async () => {
    const problem = await makeProblem(several);
    const { calls, objective } = counted(problem.onHost!(float64));
    const { records } = await collect(float64, problem, objective, rule, {
      ...{ steps: 2, batchSize: 1, stepsPerEpoch: 3, sampler: sampler(3) },
      evaluated: () => true,
    });
    expect(records[0]!.train!.loss).toBeCloseTo(17 / 6, 15);
    for (const { train, gap } of records) expect(train!.loss - problem.constants!.optimalValue!).toBe(gap);
    expect(calls).toEqual({ full: 3, subset: 0 });
  });

  test("with full batches it is the step's own loss, and nothing is computed for it", async () => {
    const problem = await makeProblem(several);
    const { calls, objective } = counted(problem.onHost!(float64));
    const options = { steps: 6, traced: (step: number) => step % 3 === 0, evaluated: (step: number) => step % 2 === 0 };
    const { records } = await collect(float64, problem, objective, rule, options);
    for (const { train, loss } of records) expect(train).toEqual({ loss });
    // Evaluations are seen, but add no row of their own to the trace.
    expect(records.map(({ step, evaluated, traced }) => [step, evaluated, traced])).toEqual([
      [0, true, true],
      [2, true, false],
      [3, false, true],
      [4, true, false],
      [6, true, true],
    ]);
    expect(calls).toEqual({ full: 0, subset: 0 });
  });

  test("the test set is evaluated at w_k, together with the training examples, and never in between", async () => {
    const problem = await makeProblem(several);
    const objective = problem.onHost!(float64);
    // Two parts of the test set, whose losses are w and 3w: (w + 2·3w)/3
    const onTest = () => (weights: readonly Float64Array[]) => [
      { examples: 1, loss: weights[0]![0]!, accuracy: 0 },
      { examples: 2, loss: 3 * weights[0]![0]!, accuracy: 0.75 },
    ];
    const { records } = await collect(float64, problem, { ...objective, onTest }, rule, {
      ...{ steps: 4, evaluated: (step: number) => step % 2 === 0, traced: (step: number) => step === 1 },
    });
    expect(records.map(({ step, traced, test }) => [step, traced, test !== undefined])).toEqual([
      [0, true, true],
      [1, true, false],
      [2, true, true],
      [4, true, true],
    ]);
    for (const { weight, test } of records) {
      if (test) expect(test).toEqual({ loss: expect.closeTo((7 / 3) * weight!, 14), accuracy: 0.5 });
    }
  });

  test("a classifier's share of right answers is that of the batch, or of the subset", async () => {
    const problem = await makeProblem({ name: "logistic-regression" });
    const full = await collect(float64, problem, problem.onHost!(float64), rule, { steps: 3 });
    for (const { train, loss, accuracy } of full.records) expect(train).toEqual({ loss, accuracy });
    const some = Int32Array.of(1, 4, 6, 7);
    const { records } = await collect(float64, problem, problem.onHost!(float64), rule, {
      ...{ steps: 1, batchSize: 5, stepsPerEpoch: 20, sampler: sampler(problem.examples!) },
      evaluated: () => true,
      evaluationExamples: some,
    });
    const objective = problem.onHost!(float64);
    const { loss, accuracy } = objective.lossAndGradients(objective.initialWeights(), some);
    expect(records[0]!.train).toEqual({ loss, accuracy });
  });
});

describe("where a run has diverged does not depend on what is traced", () => {
  // sgd with λ = 3 on ½(w − 1)² from 3: w − 1 doubles and changes sign, losses 2, 8, 32, …, 2·4^k; above 1e6 at k = 10.
  const options = (every: number) => ({
    ...{ steps: 5000, lossLimit: 1e6, batchSize: 1, stepsPerEpoch: 2 },
    traced: (step: number) => step % every === 0,
  });
  const diverging = { name: "scalar", target: [1, 1], start: 3 };
  const end = { outcome: "diverged", steps: 10, detail: "the loss 2097152 is above the limit 1000000" };

  test.each([1, 7, 100, 5000])("on the host, every %i steps traced", async (every) => {
    const problem = await makeProblem(diverging);
    const sgd = { name: "sgd", learningRate: 3 };
    const run = await collect(float64, problem, problem.onHost!(float64), sgd, {
      ...options(every),
      sampler: sampler(2),
    });
    expect(run.end).toEqual(end);
    expect(run.records.at(-1)).toMatchObject({ step: 10, loss: 2097152, traced: true, last: false, epoch: 5 });
  });

  test("on tensors, of which none is left; nor where it is interrupted", async () => {
    const { algebra } = await startBackend("wasm");
    const problem = await makeProblem(diverging);
    const before = tf.memory().numTensors;
    const sgd = { name: "sgd", learningRate: 3 };
    const diverged = await collect(algebra, problem, await problem.onTensors(algebra), sgd, {
      ...options(1000),
      sampler: sampler(2),
    });
    expect(diverged.end).toEqual(end);
    const interrupted = await collect(algebra, problem, await problem.onTensors(algebra), rule, {
      ...{ steps: 9, batchSize: 1, stepsPerEpoch: 2, sampler: sampler(2), traced: () => false },
      signal: AbortSignal.abort(),
    });
    expect(interrupted.end).toMatchObject({ outcome: "interrupted", steps: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a checkpoint never holds a run that had diverged before", async () => {
    const problem = await makeProblem(diverging);
    const saved: number[] = [];
    const run = await collect(
      float64,
      problem,
      problem.onHost!(float64),
      { name: "sgd", learningRate: 3 },
      {
        ...options(5000),
        sampler: sampler(2),
        checkpoints: { everySteps: 4, due: () => false, save: ({ step }) => saved.push(step) },
      },
    );
    expect(run.end).toEqual(end);
    expect(saved).toEqual([4, 8]);
  });
});

test("an evaluation is read back together with its step", async () => {
  await startBackend("wasm");
  const algebra = tensorAlgebra(null);
  const problem = await makeProblem({ name: "logistic-regression" });
  const objective = await problem.onTensors(algebra);
  const asynchronous = vi.spyOn(tf.Tensor.prototype, "data");
  const { records } = await collect(algebra, problem, objective, rule, {
    ...{ steps: 20, batchSize: 10, stepsPerEpoch: 10, sampler: sampler(problem.examples!) },
    traced: (step) => step % 5 === 0,
    evaluated: (step) => step % 4 === 0,
    evaluationExamples: Int32Array.of(0, 1, 2),
  });
  // 0, 4, 5, 8, 10, 12, 15, 16, 20
  expect(records.filter(({ train }) => train).map(({ step }) => step)).toEqual([0, 4, 8, 12, 16, 20]);
  // Several of them together, unless the loop pauses between them.
  expect(asynchronous.mock.calls.length).toBeLessThanOrEqual(9);
  vi.restoreAllMocks();
});
