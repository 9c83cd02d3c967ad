import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Resources } from "../../src/execution/resources.js";
import { makeRun } from "../../src/execution/run.js";
import { summaryCsv } from "../../src/results/summary.js";
import { planFirst } from "./support.js";

const resources = new Resources(() => {});
const outcomeColumns = /^(final|best)_|^status$|^stop_reason$|^steps$/;

/**
 * Makes the one run of a config.
 *
 * @param killedAt the number of records after which it is cut off, to go on from its last checkpoint
 * @returns what its row in summary.csv says of how it went, and its trace
 */
async function make(config: object, killedAt = Number.POSITIVE_INFINITY) {
  const directory = mkdtempSync(join(tmpdir(), "run-experiment-test-"));
  const path = join(directory, "config.json");
  writeFileSync(path, JSON.stringify({ name: "small", ...config }));
  const planned = await planFirst(path, resources);
  let records = 0;
  const onRecord = () => {
    if (++records === killedAt) throw new Error("killed");
  };
  const manifest = await makeRun(planned, resources, directory, { onRecord }).catch((error: Error) => {
    if (error.message !== "killed") throw error;
    return makeRun(planned, resources, directory);
  });
  const [row] = parse(summaryCsv([manifest]), { columns: true }) as Record<string, string>[];
  const trace = parse(readFileSync(join(directory, "runs", manifest.id, "trace.csv")), { columns: true });
  return {
    manifest,
    trace: trace as Record<string, string>[],
    row: Object.fromEntries(Object.entries(row!).filter(([name]) => outcomeColumns.test(name))),
  };
}

const problems = fc.constantFrom<{ name: string; [option: string]: unknown }>(
  { name: "scalar", target: [0, 1, 5, 2, 7, 3], start: 4 },
  { name: "quadratic", dimension: 3 },
  { name: "least-squares", data: { examples: 12, weights: { dimension: 3, norm: 1 }, noise: 0.1 } },
  { name: "logistic-regression", data: { examples: 15, weights: { dimension: 3, norm: 1 } } },
  { name: "deep-linear", dimensions: [2, 2, 2], examples: 9 },
);
const optimizers = fc.constantFrom(
  { name: "lars", learningRate: 0.05 },
  { name: "sgd", learningRate: 0.05, momentum: 0.9 },
  // Diverges on most of them, and soon.
  { name: "sgd", learningRate: 30 },
);
const small = fc.record({
  problem: problems,
  optimizer: optimizers,
  batchSize: fc.constantFrom(2, 5, "full"),
  steps: fc.integer({ min: 1, max: 40 }),
  evaluate: fc.oneof(
    fc.constantFrom("epoch", "end", 3),
    fc.record({ every: fc.constantFrom("epoch", "end", 4), trainingExamples: fc.constantFrom(1, 7, "all") }),
  ),
});

test("what a run comes to depends on neither the trace, the bounds, nor a kill; and its verdicts on neither trace nor kill", async () => {
  const variations = fc.record({ every: fc.integer({ min: 1, max: 60 }), killedAt: fc.integer({ min: 1, max: 40 }) });
  const seen = { diverged: 0, resumed: 0 };
  const property = fc.asyncProperty(small, variations, async (chosen, { every, killedAt }) => {
    const config = {
      ...chosen,
      ...(chosen.problem.name === "quadratic" && { batchSize: "full" }),
      stop: { lossAbove: 1e9 },
      checkpoint: { everySteps: 3 },
    };
    const {
      row,
      manifest: { verdicts },
    } = await make(config);
    expect(row.final_train_loss !== "" || row.status === "diverged").toBe(true);
    const sparse = await make({ ...config, trace: { every } });
    expect(sparse.row).toEqual(row);
    expect(sparse.manifest.verdicts).toEqual(verdicts);
    expect((await make({ ...config, bounds: [] })).row).toEqual(row);
    expect((await make({ ...config, trace: { every }, bounds: [] })).row).toEqual(row);
    expect((await make({ ...config, trace: { every }, bounds: [] }, killedAt)).row).toEqual(row);
    const resumed = await make(config, killedAt);
    expect(resumed.row).toEqual(row);
    expect(resumed.manifest.verdicts).toEqual(verdicts);
    if (row.status === "diverged") seen.diverged++;
    if (resumed.manifest.resumed) seen.resumed++;
  });
  await fc.assert(property, { seed: 5, numRuns: 40 });
  expect(Math.min(seen.diverged, seen.resumed)).toBeGreaterThan(3);
});

describe("final and best", () => {
  const scalar = { problem: { name: "scalar" }, steps: 50 };
  const numbers = (rows: Record<string, string>[], column: string) => rows.map((row) => Number(row[column]));

  test("with full batches are those of every step, w_0's included, whatever is traced", async () => {
    // From 1.2 away from 1: the first loss is the best.
    const config = {
      ...scalar,
      problem: { name: "scalar", start: 1.2 },
      optimizer: { name: "sgd", learningRate: 2.5 },
    };
    const { trace, row, manifest } = await make(config);
    expect(row.best_train_loss).toBe(trace[0]!.loss);
    expect(row.final_train_loss).toBe(trace.at(-1)!.loss);
    expect(row).toMatchObject({ best_gap: trace[0]!.gap, final_distance: trace.at(-1)!.distance });
    expect(numbers(trace, "train_loss")).toEqual(numbers(trace, "loss"));
    expect(manifest.evaluation).toBeUndefined();
  });

  test("are those of the last step alone where it alone is evaluated", async () => {
    const config = { ...scalar, optimizer: { name: "lars", learningRate: 0.1 }, evaluate: "end" };
    const { trace, row } = await make(config);
    expect(row.best_train_loss).toBe(trace.at(-1)!.loss);
    expect(Math.min(...numbers(trace, "loss"))).toBeLessThan(Number(row.best_train_loss));
  });

  test("of a run that diverged are what was measured until then, and NaN is never best", async () => {
    const sgd = { name: "sgd", learningRate: 1e200 };
    const every = await make({ ...scalar, optimizer: sgd });
    expect(every.row).toMatchObject({ status: "diverged", final_train_loss: "Infinity" });
    expect(every.row.best_train_loss).toBe(every.trace[0]!.loss);
    // ½·0.9², w_0 being 0.1 and the minimiser 1
    const start = await make({ ...scalar, optimizer: sgd, evaluate: 40 });
    expect(start.row).toMatchObject({ status: "diverged", stop_reason: "diverged at step 1: the loss is Infinity" });
    expect(Number(start.row.final_train_loss)).toBeCloseTo(0.405, 15);
    const end = await make({ ...scalar, optimizer: sgd, evaluate: "end" });
    expect(end.row).toMatchObject({ status: "diverged", final_train_loss: "", best_train_loss: "" });
  });

  test("are over the subset that the manifest tells the size of, which shifts no other random number", async () => {
    const config = {
      problem: { name: "least-squares" },
      optimizer: { name: "lars", learningRate: 0.1 },
      ...{ batchSize: 4, steps: 30, evaluate: { every: 10, trainingExamples: 6 } },
    };
    const some = await make(config);
    const all = await make({ ...config, evaluate: { every: 10, trainingExamples: "all" } });
    expect(some.manifest.evaluation).toMatchObject({ trainingExamples: 6 });
    expect(all.manifest.evaluation!.trainingExamples).toBe(all.manifest.evaluation!.ofTrainingExamples);
    expect(some.row.final_train_loss).not.toBe(all.row.final_train_loss);
    for (const column of ["loss", "gap", "distance"]) {
      expect(numbers(some.trace, column)).toEqual(numbers(all.trace, column));
    }
    // Over all examples it is f* above the gap.
    for (const { train_loss, gap } of all.trace.filter(({ train_loss }) => train_loss !== "")) {
      expect(Number(train_loss) - Number(gap)).toBeCloseTo(
        Number(all.trace[0]!.train_loss) - Number(all.trace[0]!.gap),
        12,
      );
    }
  });
});
