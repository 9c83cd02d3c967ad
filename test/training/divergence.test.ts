import { describe, expect, test } from "vitest";
import { divergedLoss, divergence } from "../../src/training/divergence.js";
import type { StepRecord } from "../../src/training/record.js";

const layer = {
  weightNorm: 1,
  weightNormInRule: 1,
  gradientNorm: 1,
  gradientNormInRule: 1,
  updateNorm: 1,
  normRatio: 1,
  normRatioL2: 1,
};
const record: StepRecord = {
  step: 3,
  epoch: 3,
  learningRate: 0.1,
  loss: 5,
  layers: [layer, layer],
  evaluated: true,
  traced: true,
  last: false,
};
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

describe("a run has diverged", () => {
  test.each<[what: string, change: Partial<StepRecord>, limit: number, detail: string | undefined]>([
    ["not at the limit itself", {}, 5, undefined],
    ["above the limit", {}, 4, "the loss 5 is above the limit 4"],
    ["at NaN", { loss: nan }, infinity, "the loss is NaN"],
    ["at infinity, whatever the limit", { loss: infinity }, infinity, "the loss is Infinity"],
    ["at minus infinity", { loss: -infinity }, 4, "the loss is -Infinity"],
    ["not where the last record has no batch", { loss: nan, last: true }, 4, undefined],
    ["at the last record's loss, where it has one", { last: true }, 4, "the loss 5 is above the limit 4"],
    ["at weights", { layers: [layer, { ...layer, weightNorm: infinity }] }, 9, "the weights are not finite"],
    [
      "at the last weights",
      { loss: nan, last: true, layers: [{ ...layer, weightNorm: nan }] },
      9,
      "the weights are not finite",
    ],
    ["at a training loss", { train: { loss: 6 } }, 5, "the training loss 6 is above the limit 5"],
    ["at a training loss that is none", { loss: nan, last: true, train: { loss: nan } }, 5, "the training loss is NaN"],
    ["not at a training loss below the limit", { train: { loss: 5 } }, 5, undefined],
    ["not at a test loss", { test: { loss: nan } }, 5, undefined],
  ])("%s", (_, change, limit, detail) => {
    expect(divergence({ ...record, ...change }, limit)).toBe(detail);
  });
});

test("the first loss at which a run has diverged, of some", () => {
  const found = { index: 1, loss: 11, detail: "the loss 11 is above the limit 10" };
  expect(divergedLoss([99, 1, 11, 12, 99], 1, 3, 10)).toEqual(found);
  expect(divergedLoss([nan], 0, 1, 10)).toEqual({ index: 0, loss: nan, detail: "the loss is NaN" });
  expect(divergedLoss([99, 1, 10, 9, 99], 1, 3, 10)).toBeUndefined();
  expect(divergedLoss([99], 0, 0, 10)).toBeUndefined();
});
