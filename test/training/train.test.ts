import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { tensorAlgebra } from "../../src/compute/tensors.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "./support.js";

const rules = [
  { name: "sgd", learningRate: 0.05 },
  { name: "sgd", learningRate: 0.02, momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { name: "lars", learningRate: 0.005 },
  { name: "lars", learningRate: 0.002, momentum: 0.9 },
  { name: "lars", learningRate: 0.002, momentum: 0.9, momentumOrder: "gradient", weightDecay: 0.1 },
  { name: "lars", learningRate: 0.05, threshold: 0.5, epsilon: 1e-9 },
  { name: "percent-delta", learningRate: 0.005 },
  { name: "proportional-infinity", learningRate: 0.005 },
  { name: "percent-delta-elementwise", learningRate: 0.002 },
];

afterEach(() => vi.restoreAllMocks());

describe("the loop by hand", () => {
  // f(w) = ½(w − 1)², w_0 = 0.5, λ = 0.1: g_0 = −0.5, Δw_0 = 0.05; g_1 = −0.45, Δw_1 = 0.055; w_2 = 0.605.
  test("measures w_k and the update that leads from it, and ends with a record without one", async () => {
    const problem = await makeProblem({ name: "scalar", start: 0.5 });
    const objective = problem.onHost!(float64);
    const { records, end } = await collect(
      float64,
      problem,
      objective,
      { name: "lars", learningRate: 0.1 },
      { steps: 2, keepWeights: true },
    );
    expect(end).toEqual({ outcome: "completed", steps: 2, weights: [expect.any(Float64Array)] });
    expect([...end.weights![0]!]).toEqual([expect.closeTo(0.605, 15)]);
    expect(records.map(({ weight }) => weight)).toEqual([0.5, 0.55, expect.closeTo(0.605, 15)]);
    expect(records.map(({ loss }) => loss)).toEqual([
      0.125,
      expect.closeTo(0.10125, 15),
      expect.closeTo(0.0780125, 15),
    ]);
    expect(records[1]!.layers[0]).toEqual({
      weightNorm: 0.55,
      weightNormInRule: 0.55,
      gradientNorm: expect.closeTo(0.45, 15),
      gradientNormInRule: expect.closeTo(0.45, 15),
      updateNorm: expect.closeTo(0.055, 15),
      normRatio: expect.closeTo(0.1, 15),
      normRatioL2: expect.closeTo(0.1, 15),
    });
    expect(records[1]).toMatchObject({
      step: 1,
      epoch: 1,
      learningRate: 0.1,
      last: false,
      gap: expect.closeTo(0.10125, 15),
    });
    expect(records[2]).toMatchObject({ step: 2, last: true, distance: expect.closeTo(0.395, 15) });
    expect(records[2]!.layers[0]!.updateNorm).toBeNaN();
  });

  test("measures only what is traced, the last step always", async () => {
    const problem = await makeProblem({ name: "scalar" });
    const options = { steps: 10, traced: (step: number) => step % 4 === 0 };
    const { records } = await collect(
      float64,
      problem,
      problem.onHost!(float64),
      { name: "lars", learningRate: 0.1 },
      options,
    );
    expect(records.map(({ step }) => step)).toEqual([0, 4, 8, 10]);
  });

  test("divergence ends the run as a result", async () => {
    const problem = await makeProblem({ name: "scalar", start: 3 });
    const rule = { name: "sgd", learningRate: 3 }; // w − 1 doubles and changes sign: losses 2, 8, 32, …
    const limited = await collect(float64, problem, problem.onHost!(float64), rule, { steps: 9000, lossLimit: 100 });
    expect(limited.end).toEqual({ outcome: "diverged", steps: 3, detail: "the loss 128 is above the limit 100" });
    const unlimited = await collect(float64, problem, problem.onHost!(float64), rule, {
      steps: 9000,
      lossLimit: Number.POSITIVE_INFINITY,
    });
    expect(unlimited.end).toMatchObject({ outcome: "diverged", detail: "the loss is Infinity" });
    expect(unlimited.records.at(-1)!.loss).toBe(Number.POSITIVE_INFINITY);
  });

  test("an aborted signal ends it after the step in progress", async () => {
    const problem = await makeProblem({ name: "scalar" });
    const options = { steps: 10, signal: AbortSignal.abort() };
    const { records, end } = await collect(
      float64,
      problem,
      problem.onHost!(float64),
      { name: "lars", learningRate: 0.1 },
      options,
    );
    expect(end).toMatchObject({ outcome: "interrupted", steps: 1 });
    expect(records).toHaveLength(1);
  });
});

describe.each(["wasm", "cpu"])("on %s", (backend) => {
  test.each(rules.map((rule) => [JSON.stringify(rule), rule] as const))(
    "follows float64 to 1e-5 over 30 steps: %s",
    async (_, rule) => {
      const { algebra } = await startBackend(backend);
      const problem = await makeProblem({ name: "quadratic", dimension: 10, conditionNumber: 10 });
      const before = tf.memory().numTensors;
      const single = await collect(algebra, problem, await problem.onTensors(algebra), rule, { steps: 30 });
      expect(tf.memory().numTensors).toBe(before);
      const double = await collect(float64, problem, problem.onHost!(float64), rule, { steps: 30 });
      expect(single.records).toHaveLength(31);
      single.records.forEach(({ distance, layers }, k) => {
        const reference = double.records[k]!;
        expect(Math.abs(distance! / reference.distance! - 1)).toBeLessThan(1e-5);
        if (k < 30) expect(Math.abs(layers[0]!.normRatio / reference.layers[0]!.normRatio - 1)).toBeLessThan(1e-4);
      });
    },
  );

  test("every analytic problem gives the gradients it gives in float64", async () => {
    const { algebra } = await startBackend(backend);
    for (const name of [
      "block-quadratic",
      "least-squares",
      "logistic-regression",
      "absolute-loss",
      "huber",
      "robust-regression",
      "deep-linear",
    ]) {
      const problem = await makeProblem({ name });
      const rule = { name: "sgd", learningRate: 1e-3 };
      const single = await collect(algebra, problem, await problem.onTensors(algebra), rule, { steps: 3 });
      const double = await collect(float64, problem, problem.onHost!(float64), rule, { steps: 3 });
      single.records.forEach(({ loss, layers }, k) => {
        expect(Math.abs(loss / double.records[k]!.loss - 1)).toBeLessThan(1e-5);
        layers.forEach(({ gradientNorm }, i) => {
          expect(Math.abs(gradientNorm / double.records[k]!.layers[i]!.gradientNorm - 1)).toBeLessThan(1e-4);
        });
      });
    }
  });
});

test("reads back at traced steps at most, and never between them", async () => {
  await startBackend("wasm");
  const algebra = tensorAlgebra(null);
  const problem = await makeProblem({ name: "block-quadratic" });
  const objective = await problem.onTensors(algebra);
  const asynchronous = vi.spyOn(tf.Tensor.prototype, "data");
  const synchronous = vi.spyOn(tf.Tensor.prototype, "dataSync");
  const options = { steps: 20, traced: (step: number) => step % 5 === 0 };
  const { records } = await collect(
    algebra,
    problem,
    objective,
    { name: "lars", learningRate: 0.01, momentum: 0.9 },
    options,
  );
  expect(records).toHaveLength(5);
  // Those of several steps are read together unless the loop pauses between them.
  expect(asynchronous.mock.calls.length).toBeGreaterThan(0);
  expect(asynchronous.mock.calls.length).toBeLessThanOrEqual(5);
  expect(synchronous).not.toHaveBeenCalled();
});
