import { expect, test } from "vitest";
import type { Verdict } from "../../src/bounds/bound.js";
import { type RunResult, runExperiment } from "../../src/execution/run-experiment.js";
import { defineOptimizer, defineSchedule, scheduleFields, z } from "../../src/plugin.js";

const quadratic = { name: "script", problem: { name: "quadratic", dimension: 4 }, steps: 50 };
const optimizer = { name: "lars", learningRate: 0.05 };

test("a program runs an experiment and reads its records, verdicts included, without files", async () => {
  const results: RunResult[] = [];
  const losses = new Map<string, number[]>();
  const config = { ...quadratic, optimizer, seeds: [0, 1], trace: { every: 10 } };
  for await (const { run, loss } of runExperiment(config, { onResult: (result) => results.push(result) })) {
    losses.set(run, [...(losses.get(run) ?? []), loss]);
  }
  expect([...losses.keys()]).toEqual(["lars seed=0", "lars seed=1"]);
  for (const of of losses.values()) {
    expect(of).toHaveLength(6);
    expect(of.at(-1)).toBeLessThan(of[0]!);
  }
  expect(results.map(({ run, end }) => [run, end])).toEqual([
    ["lars seed=0", { outcome: "completed", steps: 50 }],
    ["lars seed=1", { outcome: "completed", steps: 50 }],
  ]);
  expect(results[0]!.verdicts["norm-ratio"]).toMatchObject({ outcome: "held" } satisfies Partial<Verdict>);
  expect(results[0]!.outcome.final.trainLoss).toBe(losses.get("lars seed=0")!.at(-1));
});

test("definitions of the program's own need no file", async () => {
  const definitions = [
    defineSchedule({
      name: "halving",
      formula: "λ_k = initial/2^k",
      version: 1,
      schema: z.strictObject({ schedule: z.literal("halving"), ...scheduleFields }),
      at: ({ initial }, k) => initial / 2 ** k,
    }),
  ];
  const config = {
    ...quadratic,
    steps: 3,
    optimizer: { name: "lars", learningRate: { schedule: "halving", initial: 0.4 } },
  };
  const rates: number[] = [];
  for await (const { learningRate } of runExperiment(config, { definitions })) rates.push(learningRate);
  expect(rates).toEqual([0.4, 0.2, 0.1, 0.05]);
  await expect(runExperiment(config).next()).rejects.toThrow(/optimizer\.learningRate/);
  await expect(runExperiment(config, { definitions: [...definitions, ...definitions] }).next()).rejects.toThrow(
    'definitions: schedule "halving": it defines it twice; choose another name',
  );
});

test("a rule that asks for them is given the gradient of each example of the batch", async () => {
  const seen: number[] = [];
  const apart: number[] = [];
  const perExample = defineOptimizer({
    name: "per-example",
    summary: "looks at the gradients of the examples",
    formula: "Δw = −λ·mean_i g_i",
    source: "a test",
    version: 1,
    schema: z.strictObject({ name: z.literal("per-example") }),
    create: () => ({
      equationOne: { holds: false, reason: "it is not" },
      promises: { scaleInvariant: false },
      needs: { exampleGradients: true },
      proportion: (algebra, weights, update) => algebra.over(algebra.norm(update, 2), algebra.norm(weights, 2)),
      update(algebra, { gradient, learningRate, state, exampleGradients = [] }) {
        seen.push(exampleGradients.length);
        const sum = exampleGradients.reduce((a, b) => algebra.add(a, b));
        const mean = algebra.divideBy(sum, algebra.scalar(exampleGradients.length));
        apart.push(algebra.norm(algebra.subtract(mean, gradient), 2) as number);
        return { update: algebra.scale(algebra.scalar(-learningRate), mean), state };
      },
    }),
  });
  const problem = {
    name: "least-squares",
    data: { source: "generated", examples: 12, weights: { dimension: 3, norm: 1 } },
  };
  const config = { name: "script", problem, steps: 2, optimizer: { name: "per-example", learningRate: 0.01 } };
  for await (const _ of runExperiment({ ...config, batchSize: 5 }, { definitions: [perExample] }));
  for await (const _ of runExperiment(config, { definitions: [perExample] }));
  expect(seen).toEqual([5, 5, 12, 12]);
  for (const distance of apart) expect(distance).toBeLessThan(1e-12);
  await expect(
    runExperiment({ ...config, problem: quadratic.problem }, { definitions: [perExample] }).next(),
  ).rejects.toThrow("optimizer per-example needs the gradient of each example, and problem quadratic has no examples");
});
