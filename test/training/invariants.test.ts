import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { invariantsOf } from "../../src/training/invariants.js";
import { Measurer } from "../../src/training/measure.js";
import { optimizerOver } from "../optimizers/rules.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "./support.js";

const layers = [
  { name: "a", shape: [2] },
  { name: "b", shape: [1] },
];
const weights = [Float64Array.of(3, 4), Float64Array.of(12)];
const updates = [Float64Array.of(-0.1, 0.2), Float64Array.of(0.5)];
const measured = (options: object) =>
  invariantsOf(float64, optimizerOver(layers, { learningRate: 0.1, ...options }, 3), layers, weights, updates);

test("by hand: max |Δw_i| of each layer, of all, and of those that are not excluded", () => {
  expect(measured({ name: "sign-descent" })).toEqual([[0.2], [0.5]]);
  expect(measured({ name: "sign-descent", scope: "global" })).toEqual([[0.5]]);
  expect(measured({ name: "sign-descent", exclude: ["b"] })).toEqual([[0.2]]);
  expect(measured({ name: "lars" })).toEqual([[], []]);
});

test("by hand: Fromage's ‖w + Δw‖/‖w‖, the layers as one", () => {
  const [[ratio]] = measured({ name: "fromage", scope: "global" }) as [[number]];
  expect(ratio).toBeCloseTo(Math.hypot(2.9, 4.2, 12.5) / 13, 14);
});

test("records have them where a bound asks, at every step but the last", async () => {
  const problem = await makeProblem({ name: "deep-linear", dimensions: [3, 2, 4] });
  const run = (measureInvariants: boolean) =>
    collect(
      float64,
      problem,
      problem.onHost!(float64),
      { name: "sign-descent", learningRate: 0.1 },
      {
        ...{ steps: 2, measureInvariants },
      },
    );
  const [asked, not] = [(await run(true)).records, (await run(false)).records];
  for (const { invariants, last } of asked) expect(invariants).toEqual(last ? undefined : [[0.1], [0.1]]);
  expect(not).toEqual(asked.map(({ invariants: _, ...record }) => record));
});

test("on tensors they are the same, and nothing is left behind", async () => {
  const { algebra } = await startBackend("cpu");
  const optimizer = optimizerOver(layers, { name: "fromage", learningRate: 0.1, scope: "global" }, 3);
  const before = tf.memory().numTensors;
  const measurer = new Measurer(algebra, optimizer, { layers } as never, true, true);
  const [w, u] = [weights, updates].map((parts) => parts.map((part) => algebra.vector(part)));
  const scalars = algebra.scope(() => measurer.scalars({ weights: w!, updates: u!, scores: {} }));
  const present = { batch: false, accuracy: false, scores: {}, updates: true };
  const values = await algebra.read(scalars);
  algebra.dispose([...w!, ...u!]);
  measurer.dispose();
  const facts = { step: 0, epoch: 0, learningRate: 0.1, evaluated: true, traced: true, last: false };
  expect(measurer.record(facts, values, present).invariants![0]![0]).toBeCloseTo(Math.hypot(2.9, 4.2, 12.5) / 13, 6);
  algebra.dispose(scalars);
  expect(tf.memory().numTensors).toBe(before);
});
