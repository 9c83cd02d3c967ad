import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import { planRun } from "../../src/execution/plan.js";
import { Resources } from "../../src/execution/resources.js";
import { makeRun } from "../../src/execution/run.js";
import type * as workerPool from "../../src/execution/worker-pool.js";
import { provenanceFacts } from "../../src/results/provenance-facts.js";
import { freshDirectory, root } from "../cli/tool.js";
import { executeOne, planFirst, writeConfig } from "./support.js";

const resources = new Resources(() => {});

const traceOf = (directory: string, id: string) => readFileSync(join(directory, "runs", id, "trace.csv"), "utf8");

/** The one run of a config in this directory, cut off after so many records and taken up again. */
async function make(directory: string, config: Record<string, unknown>, killedAt = Number.POSITIVE_INFINITY) {
  const planned = await planFirst(writeConfig(directory, { name: "run", ...config }), resources);
  const results = join(directory, `killed at ${killedAt}`);
  mkdirSync(results);
  let records = 0;
  const onRecord = () => {
    if (++records === killedAt) throw new Error("killed");
  };
  const manifest = await makeRun(planned, resources, results, { onRecord }).catch((error: Error) => {
    if (error.message !== "killed") throw error;
    return makeRun(planned, resources, results);
  });
  return { manifest, trace: traceOf(results, planned.id) };
}

const columns = (trace: string) => parse(trace, { columns: true }) as Record<string, string>[];

/** y = 2x, but for the last two rows. */
const table = "x,y\n1,2\n2,4\n3,5\n4,10\n";

describe("a run on data of one's own", () => {
  const config = {
    problem: { name: "least-squares", start: [1] },
    data: {
      ...{ name: "csv", file: "table.csv", target: "y", task: "regression" },
      split: { examples: 1, shuffle: false },
      validation: { examples: 1, shuffle: false },
    },
    optimizer: { name: "sgd", learningRate: 0.1 },
    steps: 3,
  };

  test("is evaluated on the rows that were held out, by hand", async () => {
    const directory = freshDirectory();
    writeFileSync(join(directory, "table.csv"), table);
    const { manifest, trace } = await make(directory, config);
    // f = ½·mean (wx − y)² with w_0 = 1: rows 1 and 2 train, ½(1 + 4)/2; row 3 validates, ½·2²; row 4 tests, ½·6².
    const [first] = columns(trace);
    expect(first).toMatchObject({ train_loss: "1.25", val_loss: "2", test_loss: "18", val_accuracy: "" });
    expect(manifest.outcome!.best).toMatchObject({ valLoss: expect.any(Number), testLoss: expect.any(Number) });
    // w tends to 2, where row 3 is fitted worse than at 1.8: ½(5.4 − 5)² = 0.08; the first step, w = 1.25, is far off it.
    const losses = columns(trace).map(({ val_loss }) => Number(val_loss));
    const step = losses.indexOf(Math.min(...losses));
    expect(manifest.outcome!.selected).toMatchObject({ step, measured: { valLoss: losses[step] } });
    const facts = Object.fromEntries(provenanceFacts(manifest));
    expect(facts["evaluated on"]).toBe("all 2 training examples, 1 validation examples, 1 test examples");
    expect(facts["data prepared"]).toBe("1 examples held out for validation (the last ones)");
    expect(facts["data set"]).toMatch(/^csv \(.*table\.csv, SHA-256 [0-9a-f]{64}\), checksum [0-9a-f]{64}$/);
  });

  test("is another one when a cell changes, and when it is split in another way", async () => {
    const directory = freshDirectory();
    const idOf = async (content: string, data: object) => {
      writeFileSync(join(directory, "table.csv"), content);
      const path = writeConfig(directory, { name: "run", ...config, data: { ...config.data, ...data } });
      return (await planFirst(path, new Resources(() => {}))).id;
    };
    const ids = [
      await idOf(table, {}),
      await idOf(table.replace("10", "11"), {}),
      await idOf(table, { validation: { examples: 1, shuffle: true, seed: 5 } }),
      await idOf(table, { normalize: "standardize" }),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(await idOf(table, { validation: { examples: 1, shuffle: false } })).toBe(ids[0]);
  });

  const refusals: [title: string, change: object, message: RegExp][] = [
    [
      "classes for a regression",
      { data: { ...config.data, task: "classification", split: 1, validation: 1 } },
      /^data: problem least-squares predicts numbers, and the data set csv has \d classes; name a problem or data that fit/,
    ],
    [
      "numbers for a classifier",
      { problem: { name: "softmax-regression" } },
      /^data: problem softmax-regression predicts classes, and the data set csv has numbers/,
    ],
    [
      "two sources of examples",
      { problem: { name: "least-squares", data: { examples: 7 } } },
      /^problem\.data: the examples are those of data; leave one of the two out$/,
    ],
    [
      "data for a problem without",
      { problem: { name: "quadratic" } },
      /problem quadratic makes its own data; leave data out/,
    ],
    [
      "augmentation of full batches",
      { problem: { name: "softmax-regression" }, data: { name: "synthetic-digits", augment: { shift: 1 } } },
      /data\.augment: full batches take every image as it is; set batchSize, or leave augment out/,
    ],
  ];
  test.each(refusals)("refused: %s", async (_, change, message) => {
    const directory = freshDirectory();
    writeFileSync(join(directory, "table.csv"), table);
    const path = writeConfig(directory, { name: "run", ...config, ...change });
    await expect(planFirst(path, resources)).rejects.toThrow(message);
  });
});

test("logistic regression takes two classes of a data set, as −1 and 1", async () => {
  const directory = freshDirectory();
  const rows = Array.from({ length: 20 }, (_, i) => `${i % 7},${i % 3 === 0 ? "no" : "yes"}`);
  writeFileSync(join(directory, "table.csv"), `x,y\n${rows.join("\n")}\n`);
  const { trace } = await make(directory, {
    problem: { name: "logistic-regression", intercept: true, start: [0, 5] },
    data: { name: "csv", file: "table.csv", target: "y", validation: 5, normalize: "standardize" },
    optimizer: { name: "sgd", learningRate: 0.5 },
    steps: 2,
  });
  const first = columns(trace)[0]!;
  // 13 are "yes", the second class: at w = (0, 5) these are right, with the loss log(1 + e⁻⁵), the others have log(1 + e⁵).
  expect(Number(first.train_accuracy) * 15 + Number(first.val_accuracy) * 5).toBeCloseTo(13, 12);
  for (const part of ["train", "val"]) {
    const right = Number(first[`${part}_accuracy`]);
    const loss = right * Math.log1p(Math.exp(-5)) + (1 - right) * Math.log1p(Math.exp(5));
    // With the ridge's (0.01/2)·5²
    expect(Number(first[`${part}_loss`])).toBeCloseTo(loss + 0.125, 12);
  }
});

describe("a network with a validation set and augmented images", () => {
  const config = {
    problem: { name: "mlp", hidden: [6] },
    data: {
      ...{ name: "synthetic-digits", train: 200, test: 40, validation: 50 },
      ...{ normalize: { mean: 0.13, std: 0.31 }, augment: { shift: 2, flip: true } },
    },
    optimizer: { name: "lars", learningRate: 0.02 },
    backend: "cpu",
    batchSize: 32,
    steps: 22,
    evaluate: { every: 6, trainingExamples: 40 },
    checkpoint: { everySteps: 3 },
  };

  test("is the same to the byte where it was cut off and taken up again", async () => {
    const directory = freshDirectory();
    const whole = await make(directory, config);
    const cut = await make(directory, config, 14);
    expect(cut.manifest.resumed).toMatchObject([{ step: 12 }]);
    expect(cut.trace).toBe(whole.trace);
    expect(cut.manifest.outcome).toEqual(whole.manifest.outcome);
    const evaluated = columns(whole.trace).filter(({ val_loss }) => val_loss !== "");
    expect(evaluated.map(({ step }) => step)).toEqual(["0", "6", "12", "18", "22"]);
    for (const { val_accuracy } of evaluated) {
      const correct = 50 * Number(val_accuracy);
      expect(correct).toBeCloseTo(Math.round(correct), 4);
    }
    expect(whole.manifest.evaluation).toEqual({
      ...{ trainingExamples: 40, ofTrainingExamples: 150, validationExamples: 50, testExamples: 40 },
    });
  });

  test("trains on other images than without augmentation, and is evaluated on the same", async () => {
    const directory = freshDirectory();
    const { augment: _, ...plain } = config.data;
    const augmented = columns((await make(directory, config)).trace)[0]!;
    const unchanged = columns((await make(freshDirectory(), { ...config, data: plain })).trace)[0]!;
    expect(augmented.loss).not.toBe(unchanged.loss);
    for (const column of ["train_loss", "val_loss", "test_loss"]) expect(augmented[column]).toBe(unchanged[column]);
  });

  test("has the same split for every rule, rate and seed, in one copy", async () => {
    const directory = freshDirectory();
    const path = writeConfig(directory, {
      ...{ name: "several", ...config, optimizer: undefined, seeds: [0, 1, 2] },
      optimizers: [
        { name: "lars", learningRate: 0.02 },
        { name: "sgd", learningRate: 0.1 },
      ],
    });
    const experiment = await loadExperiment(path, builtIn);
    const planned = await Promise.all(expand(experiment).map((run) => planRun(run, builtIn, resources)));
    const used = await Promise.all(planned.map((run) => resources.plannedDataset(run)));
    expect(used).toHaveLength(6);
    expect(new Set(used).size).toBe(1);
  });
});

test("workers use the data set that was loaded to plan their runs", async () => {
  const directory = freshDirectory();
  const data = { name: "csv", file: "table.csv", target: "y", task: "regression" };
  const run = { problem: { name: "least-squares" }, optimizer: { name: "sgd", learningRate: 0.01 }, steps: 5 };
  writeFileSync(join(directory, "table.csv"), table);
  const own = new Resources(() => {});
  const planned = await planFirst(writeConfig(directory, { name: "shared", ...run, data }), own);
  // Were it loaded once more, there would be nothing to load.
  rmSync(join(directory, "table.csv"));
  const { WorkerPool } = (await import(join(root, "dist/execution/worker-pool.js"))) as typeof workerPool;
  const pool = new WorkerPool({ jobs: 1, resources: own });
  try {
    expect(await executeOne(pool, planned, directory)).toMatchObject({ status: "completed", dataset: { name: "csv" } });
  } finally {
    await pool.close();
  }
});
