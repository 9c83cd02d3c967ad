import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { Resources } from "../../src/execution/resources.js";
import { makeRun, type RunOptions } from "../../src/execution/run.js";
import { freshDirectory } from "../cli/tool.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "../training/support.js";
import { network, planFirst, writeConfig } from "./support.js";

const directory = freshDirectory();
const resources = new Resources(() => {});

/** Makes one run in this process and returns how it ended. */
async function made(name: string, optimizer: object, options: RunOptions, onceResumed?: (run: string) => void) {
  const path = writeConfig(directory, { ...network, name, backend: "wasm", steps: 12, optimizer });
  const planned = await planFirst(path, resources);
  const announce = () => onceResumed?.(join(directory, name, "runs", planned.id));
  return makeRun(planned, resources, join(directory, name), { ...options, announce }).then(
    ({ status }) => status,
    (error: Error) => error.message,
  );
}

const lars = { name: "lars", learningRate: 0.01, momentum: 0.9 };
const throwing = {
  onRecord({ step }: { step: number }) {
    if (step === 5) throw new Error("a reader's own error");
  },
};

/** Once the run says that it goes on, a directory stands where its second file belongs. */
function obstructing(run: string): void {
  rmSync(join(run, "layers.csv"));
  mkdirSync(join(run, "layers.csv"));
}

test("however a run ends, none of its tensors is left", async () => {
  expect(await made("first", lars, {})).toBe("completed");
  const before = tf.memory().numTensors;
  const ends = [
    await made("again", lars, {}),
    await made("diverged", { name: "sgd", learningRate: 1e30 }, {}),
    await made("interrupted", lars, { signal: AbortSignal.abort() }),
    await made("thrown", lars, throwing),
    await made("interrupted", lars, {}, obstructing),
  ];
  expect(ends).toEqual([
    ...["completed", "diverged", "interrupted", "a reader's own error"],
    expect.stringMatching(/layers\.csv/),
  ]);
  expect(tf.memory().numTensors).toBe(before);
});

test("nor where a run cannot go on from what was saved", async () => {
  const { algebra } = await startBackend("wasm");
  const problem = await makeProblem({ name: "block-quadratic" });
  const weights = problem.layers.map(({ shape }) => new Float32Array(shape[0]!));
  const resume = { step: 1, weights, optimizer: weights.map((velocity) => ({ "no such": velocity })) };
  const before = tf.memory().numTensors;
  const going = collect(algebra, problem, await problem.onTensors(algebra), lars, { steps: 3, resume });
  await expect(going).rejects.toThrow();
  expect(tf.memory().numTensors).toBe(before);
});
