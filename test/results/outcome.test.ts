import { describe, expect, test } from "vitest";
import type { Manifest } from "../../src/results/manifest.js";
import { OutcomeReader } from "../../src/results/outcome.js";
import { outcomeOf } from "../../src/results/quantities.js";
import { summaryColumns, summaryCsv } from "../../src/results/summary.js";
import type { StepRecord } from "../../src/training/record.js";

const record = (step: number, measured: Partial<StepRecord>): StepRecord => ({
  ...{ step, epoch: step, learningRate: 0.1, loss: 0, layers: [], evaluated: true, traced: true, last: false },
  ...measured,
});

describe("an outcome", () => {
  test("takes the last value and the better one of each quantity, from evaluations alone", () => {
    const reader = new OutcomeReader();
    reader.observe(record(0, { train: { loss: 3, accuracy: 0.1 }, test: { loss: 4, accuracy: 0.2 }, distance: 7 }));
    reader.observe(record(1, { train: { loss: 1, accuracy: 0.6 }, test: { loss: 5, accuracy: 0.1 }, distance: 9 }));
    // Traced, but no evaluation; and the other way round.
    reader.observe(record(2, { train: { loss: 0.5 }, loss: 0.1, evaluated: false }));
    reader.observe(record(3, { train: { loss: 2, accuracy: 0.5 }, traced: false }));
    expect(reader.result(3)).toEqual({
      steps: 3,
      final: { trainLoss: 2, trainAccuracy: 0.5, testLoss: 5, testAccuracy: 0.1, distance: 9 },
      best: { trainLoss: 1, trainAccuracy: 0.6, testLoss: 4, testAccuracy: 0.2, distance: 7 },
    });
  });

  test("selects the evaluation with the smallest validation loss, the first of several, through a resumption", () => {
    const first = new OutcomeReader();
    const measured = (validation: number, test: number) => ({ validation: { loss: validation }, test: { loss: test } });
    first.observe(record(0, measured(Number.NaN, 0)));
    expect(first.state()).not.toHaveProperty("selected");
    first.observe(record(1, measured(2, 0.5)));
    first.observe(record(2, measured(1, 0.7)));
    const second = new OutcomeReader(structuredClone(first.state()));
    second.observe(record(3, measured(1, 0.6)));
    second.observe(record(4, measured(3, 0.1)));
    const { selected, best } = second.result(4);
    expect(selected).toEqual({ step: 2, measured: { valLoss: 1, testLoss: 0.7 } });
    expect(best).toEqual({ valLoss: 1, testLoss: 0 });
  });

  test("keeps NaN and Infinity as what was measured last, never as best, through a resumption and through JSON", () => {
    const first = new OutcomeReader();
    first.observe(record(0, { train: { loss: Number.NaN }, gap: Number.POSITIVE_INFINITY }));
    expect(first.state()).toMatchObject({ best: { gap: Number.POSITIVE_INFINITY }, final: { trainLoss: Number.NaN } });
    expect(first.state().best).not.toHaveProperty("trainLoss");
    const second = new OutcomeReader(structuredClone(first.state()));
    second.observe(record(1, { train: { loss: 8 }, gap: Number.NaN }));
    const { final, best } = second.result(1);
    expect([final, best]).toEqual([
      { trainLoss: 8, gap: Number.NaN },
      { trainLoss: 8, gap: Number.POSITIVE_INFINITY },
    ]);
    const written = { outcome: { steps: 1, final: { gap: "NaN" }, best: { gap: "Infinity" } } } as unknown as Manifest;
    expect([outcomeOf(written, "final", "gap"), outcomeOf(written, "best", "gap")]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ]);
    expect(outcomeOf(written, "best", "distance")).toBeUndefined();
  });
});

test("no name stands twice in summary.csv, though the sweep is over what has a column", () => {
  const manifest = {
    ...{ id: "a", status: "completed", optimizer: "lars", seed: 0, precision: "float64" },
    axes: { steps: 100, seed: 3, "optimizer.learningRate": 0.5 },
    label: "a",
    config: { batchSize: 32, optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 0.5 } } },
    backend: { name: "float64", device: "host", version: "" },
    outcome: {
      ...{ steps: 90, final: { trainLoss: 0.25 }, best: { trainLoss: 0.125 } },
      normRatio: { smallest: 0.1, largest: "Infinity" },
    },
    verdicts: { radius: { outcome: "held" }, envelope: { outcome: "not applicable" } },
    toTarget: { outcome: "not reached" },
  } as unknown as Manifest;
  const [header, row] = summaryCsv([manifest]).trimEnd().split("\n");
  const names = header!.split(",");
  expect(new Set(names).size).toBe(names.length);
  const fields = Object.fromEntries(row!.split(",").map((field, i) => [names[i], field]));
  expect(fields).toMatchObject({ steps: "90", "axis.steps": "100", seed: "0", "axis.seed": "3" });
  expect(fields).toMatchObject({
    "axis.optimizer.learningRate": "0.5",
    final_train_loss: "0.25",
    best_train_loss: "0.125",
  });
  expect(fields).toMatchObject({ rule: "lars", learning_rate: "0.5", schedule: "cosine", batch_size: "32" });
  expect(fields).toMatchObject({ smallest_norm_ratio: "0.1", largest_norm_ratio: "Infinity" });
  expect(fields).toMatchObject({ steps_to_target: "Infinity", seconds_to_target: "Infinity" });
  // A bound that applies to no run has no column.
  expect(names.filter((name) => name.startsWith("bound_"))).toEqual(["bound_radius"]);
  expect(fields.bound_radius).toBe("held");
  const [always, whereMeasured] = [false, true].map((optional) =>
    summaryColumns.filter(({ isOptional = false }) => isOptional === optional).map(({ name }) => name),
  ) as [string[], string[]];
  expect(names).toEqual(expect.arrayContaining(always));
  expect(whereMeasured.filter((name) => names.includes(name))).toEqual([
    ...["steps_to_target", "epochs_to_target", "seconds_to_target"],
  ]);
});
