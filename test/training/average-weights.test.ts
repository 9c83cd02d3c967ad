import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { batchSampler } from "../../src/data/batches.js";
import { type AverageWeights, averagingWeights } from "../../src/optimizers/average-weights.js";
import type { Objective, Problem } from "../../src/problems/problem.js";
import type { StepRecord } from "../../src/training/record.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { manifest, network, traces, writeConfig } from "../execution/support.js";
import { optimizerOver } from "../optimizers/rules.js";
import { makeProblem } from "../problems/support.js";
import { testedBackends } from "../tested-backends.js";
import { collect } from "./support.js";

const average = (decay: number, fromStep = 0): AverageWeights => ({ decay, fromStep });

async function averaged<V, S>(
  algebra: Algebra<V, S>,
  problem: Problem,
  objective: Objective<V, S>,
  averages: AverageWeights | undefined,
  options: { steps: number; [more: string]: unknown },
) {
  const optimizer = { name: "sgd", learningRate: 0.5 };
  const stepping = optimizerOver(problem.layers, optimizer, options.steps);
  return collect(algebra, problem, objective, optimizer, {
    evaluated: () => true,
    keepWeights: true,
    ...options,
    optimizer: averages ? averagingWeights(stepping, averages, problem.layers) : stepping,
  });
}

const withoutAverages = (records: readonly StepRecord[]) => records.map(({ averaged: _, ...record }) => record);

describe("f(w) = ½(w − 1)² from w = 3, λ = 0.5: w = 3, 2, 1.5, 1.25", () => {
  const run = async (averages: AverageWeights | undefined) => {
    const problem = await makeProblem({ name: "scalar", start: 3 });
    return averaged(float64, problem, problem.onHost!(float64), averages, { steps: 3 });
  };

  test("with β = 0.75 the average is 3, 2.75, 2.4375, 2.140625", async () => {
    const { records, end } = await run(average(0.75));
    const distances = [2, 1.75, 1.4375, 1.140625];
    expect(records.map(({ averaged }) => averaged!.distance)).toEqual(distances);
    expect(records.map(({ averaged }) => averaged!.gap)).toEqual(distances.map((d) => d ** 2 / 2));
    expect(records.map(({ averaged }) => averaged!.train!.loss)).toEqual(distances.map((d) => d ** 2 / 2));
    expect(end.averagedWeights).toEqual([Float64Array.of(2.140625)]);
    expect(end.weights).toEqual([Float64Array.of(1.25)]);
  });

  test("from step 2 on it begins at w_2 = 1.5, and then is 1.4375; before that there is none", async () => {
    const { records } = await run(average(0.75, 2));
    expect(records.map(({ averaged }) => averaged?.distance)).toEqual([undefined, undefined, 0.5, 0.4375]);
  });

  test("a run that ends before the average begins has none", async () => {
    const { records, end } = await run(average(0.75, 4));
    expect(records.every(({ averaged }) => averaged === undefined)).toBe(true);
    expect(end.averagedWeights).toBeUndefined();
  });

  test("nothing else is different from a run without it", async () => {
    const [without, having] = [await run(undefined), await run(average(0.75))];
    expect(withoutAverages(having.records)).toEqual(without.records);
    expect(without.end.averagedWeights).toBeUndefined();
  });
});

test("with β = 0 the average is the last iterate, in every score of a network with mini-batches", async () => {
  const directory = freshDirectory();
  const config = { ...network, name: "last", optimizer: { name: "adam", learningRate: 0.01 }, steps: 9, evaluate: 4 };
  const path = writeConfig(directory, { ...config, averageWeights: { decay: 0 } });
  expect((await runTool([path, "-o", directory, "-q"])).code).toBe(0);
  const runsOf = (name: string) => join(directory, name, "runs");
  const [id] = readdirSync(runsOf("last")) as [string];
  const { outcome, files } = manifest(join(directory, "last"), id) as {
    outcome: Record<"final" | "best", Record<string, number>>;
    files: object;
  };
  const names = ["trainLoss", "trainAccuracy", "testLoss", "testAccuracy"] as const;
  for (const kind of ["final", "best"] as const) {
    const measured = outcome[kind];
    for (const name of names) {
      expect(measured[name]).toBeDefined();
      expect(measured[`averaged${name[0]!.toUpperCase()}${name.slice(1)}`]).toBe(measured[name]);
    }
  }
  expect(Object.keys(files).sort()).toEqual(["averaged-weights.npz", "layers.csv", "trace.csv", "weights.npz"]);
  const weights = (name: string) => readFileSync(join(runsOf("last"), id, name));
  expect(weights("averaged-weights.npz")).toEqual(weights("weights.npz"));
  const summary = readFileSync(join(directory, "last", "summary.csv"), "utf8");
  expect(summary.split("\n")[0]).toContain("final_averaged_train_loss");
  const report = (name: string) => readFileSync(join(directory, name, "report.html"), "utf8");
  expect(report("last")).toContain("the same at the average of the iterates");

  // Without it neither trace nor summary has a column of it, and the rest is the same to the byte.
  const plain = writeConfig(directory, { ...config, name: "plain" });
  expect((await runTool([plain, "-o", directory, "-q"])).code).toBe(0);
  const [own, other] = ["plain", "last"].map((name) => {
    const entry = Object.entries(traces(join(directory, name))).find(([path]) => path.endsWith("trace.csv"))!;
    return entry[1].split("\n").map((line) => line.split(","));
  }) as [string[][], string[][]];
  expect(own[0]!.filter((name) => name.startsWith("averaged"))).toEqual([]);
  expect(readFileSync(join(directory, "plain", "summary.csv"), "utf8")).not.toContain("averaged");
  expect(report("plain")).not.toContain("average of the iterates");
  const kept = own[0]!.map((name) => other[0]!.indexOf(name));
  expect(other.map((row) => (row.length > 1 ? kept.map((i) => row[i]) : row))).toEqual(own);
  expect(Object.keys(traces(join(directory, "plain"))).some((path) => path.includes("averaged"))).toBe(false);
});

describe.each(["float64", ...testedBackends])("on %s", (name) => {
  test("a training that goes on from a checkpoint has the same averages, and leaves no tensor behind", async () => {
    const problem = await makeProblem({ name: "logistic-regression" });
    async function cutOff<V, S>(algebra: Algebra<V, S>, make: () => Promise<Objective<V, S>>) {
      const source = { seed: 3, name: "data order" };
      const options = { steps: 10, batchSize: 40, stepsPerEpoch: 3 };
      const sampler = batchSampler(problem.examples!, source);
      const saved: unknown[] = [];
      const checkpoints = {
        everySteps: 7,
        due: () => false,
        save: (training: unknown) => saved.push(structuredClone({ training, sampler: sampler.state() })),
      };
      const averages = average(0.5, 2);
      const whole = await averaged(algebra, problem, await make(), averages, { ...options, sampler, checkpoints });
      const { training, sampler: state } = saved[0] as { training: unknown; sampler: never };
      const resumed = await averaged(algebra, problem, await make(), averages, {
        ...options,
        resume: training,
        sampler: batchSampler(problem.examples!, source, state),
      });
      expect(whole.records[2]!.averaged!.train).toEqual(whole.records[2]!.train);
      expect(whole.records[9]!.averaged!.train).not.toEqual(whole.records[9]!.train);
      expect(resumed.records).toEqual(whole.records.slice(7));
      expect(resumed.end).toEqual(whole.end);
    }
    if (name === "float64") return cutOff(float64, async () => problem.onHost!(float64));
    const { algebra } = await startBackend(name);
    const before = tf.memory().numTensors;
    await cutOff(algebra, async () => problem.onTensors(algebra));
    expect(tf.memory().numTensors).toBe(before);
  });
});

test.each([
  [{ decay: 1 }, /averageWeights\.decay/],
  [{ fromStep: -1 }, /averageWeights\.fromStep/],
  [{ from: 3 }, /averageWeights.*from.*decay, fromStep|averageWeights\.from/],
])("says what is wrong with %j", async (averageWeights, message) => {
  const directory = freshDirectory();
  const config = { name: "bad", problem: { name: "scalar" }, optimizer: { name: "sgd", learningRate: 0.1 }, steps: 2 };
  const { code, stderr } = await runTool([writeConfig(directory, { ...config, averageWeights }), "-o", directory]);
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
