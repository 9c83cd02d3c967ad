import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { assign, replacedBy } from "../../src/config/assign.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";

const schedule = { schedule: "polynomial", initial: 0.5, power: 3 };
const one = { optimizer: { name: "lars", learningRate: schedule } };
const two = {
  optimizers: [
    { name: "lars", learningRate: schedule },
    { name: "sgd", learningRate: 0.1, momentum: 0.9 },
  ],
};
const plain = { optimizer: { name: "lars", learningRate: 0.1 } };

describe("what is assigned to a learning rate", () => {
  const rate = (learningRate: unknown) => ({ optimizer: { name: "lars", learningRate } });
  const table: readonly [what: string, raw: object, path: string, value: unknown, result: object][] = [
    ["a number keeps the schedule", one, "optimizer.learningRate", 0.2, rate({ ...schedule, initial: 0.2 })],
    ["a number replaces a number", plain, "optimizer.learningRate", 0.2, rate(0.2)],
    ["a schedule replaces a number", plain, "optimizer.learningRate", schedule, rate(schedule)],
    [
      "a schedule replaces a schedule",
      one,
      "optimizer.learningRate",
      { schedule: "cosine", initial: 1 },
      rate({ schedule: "cosine", initial: 1 }),
    ],
    ["`initial` of a schedule", one, "optimizer.learningRate.initial", 0.2, rate({ ...schedule, initial: 0.2 })],
    ["`initial` of a number", plain, "optimizer.learningRate.initial", 0.2, rate(0.2)],
    ["an option of a schedule", one, "optimizer.learningRate.power", 1, rate({ ...schedule, power: 1 })],
    [
      "an option of a number",
      plain,
      "optimizer.learningRate.warmupSteps",
      5,
      rate({ schedule: "constant", initial: 0.1, warmupSteps: 5 }),
    ],
    ["a number where there is none", { optimizer: { name: "lars" } }, "optimizer.learningRate", 0.2, rate(0.2)],
    [
      "an option where there is none",
      { optimizer: { name: "lars" } },
      "optimizer.learningRate.initial",
      0.2,
      rate(0.2),
    ],
    [
      "another option where there is none",
      { optimizer: { name: "lars" } },
      "optimizer.learningRate.power",
      2,
      rate({ power: 2 }),
    ],
    ["of no optimizer", {}, "optimizer.learningRate", 0.2, { optimizer: { learningRate: 0.2 } }],
    [
      "of every optimizer of a list",
      two,
      "optimizer.learningRate",
      0.2,
      {
        optimizers: [
          { name: "lars", learningRate: { ...schedule, initial: 0.2 } },
          { name: "sgd", learningRate: 0.2, momentum: 0.9 },
        ],
      },
    ],
    [
      "of one of them",
      two,
      "optimizers.0.learningRate",
      0.2,
      { optimizers: [{ name: "lars", learningRate: { ...schedule, initial: 0.2 } }, two.optimizers[1]] },
    ],
    [
      "of one of them in brackets",
      two,
      "optimizers[1].learningRate.initial",
      0.2,
      { optimizers: [two.optimizers[0], { name: "sgd", learningRate: 0.2, momentum: 0.9 }] },
    ],
    [
      "another option of the optimizer",
      two,
      "optimizer.momentum",
      0,
      {
        optimizers: [
          { ...two.optimizers[0], momentum: 0 },
          { ...two.optimizers[1], momentum: 0 },
        ],
      },
    ],
    [
      "an option of one of them",
      two,
      "optimizers.1.momentum",
      0,
      { optimizers: [two.optimizers[0], { ...two.optimizers[1], momentum: 0 }] },
    ],
    ["the optimizer itself", one, "optimizer", { name: "sgd" }, { optimizer: { name: "sgd" } }],
    ["the list itself", two, "optimizers", [{ name: "sgd" }], { optimizers: [{ name: "sgd" }] }],
    [
      "an entry of the list itself",
      two,
      "optimizers.0",
      { name: "sgd" },
      { optimizers: [{ name: "sgd" }, two.optimizers[1]] },
    ],
    [
      "another path",
      { steps: 3, problem: { name: "mlp", hidden: [3, 4] } },
      "problem.hidden[1]",
      5,
      { steps: 3, problem: { name: "mlp", hidden: [3, 5] } },
    ],
    ["a place in another list", { ...two, seeds: [7, 8] }, "seeds[0]", 9, { ...two, seeds: [9, 8] }],
  ];
  test.each(table)("%s", (_, raw, path, value, result) => {
    const before = structuredClone(raw);
    expect(assign(raw as Record<string, unknown>, path, value)).toEqual(result);
    expect(raw).toEqual(before);
  });

  test("a place in a list that is not there is refused", () => {
    expect(() => assign(two, "optimizers.2.learningRate", 1)).toThrow("there is no element 2 in a list of 2");
  });
});

describe("what is taken away is told", () => {
  const cosine = { schedule: "cosine", initial: 1 };
  const told = (text: string, value: unknown, path = "optimizer.learningRate") =>
    `${path}: ${JSON.stringify(value)} takes the place of ${text}`;
  const table: readonly [what: string, raw: object, path: string, value: unknown, note: string | undefined][] = [
    ["a number for a schedule's initial rate", one, "optimizer.learningRate", 0.2, undefined],
    ["a number for a number", plain, "optimizer.learningRate", 0.2, undefined],
    ["a schedule for a number", plain, "optimizer.learningRate", cosine, undefined],
    ["another schedule", one, "optimizer.learningRate", cosine, told(JSON.stringify(schedule), cosine)],
    ["the same schedule", one, "optimizer.learningRate", { ...schedule, power: 1 }, undefined],
    ["text for a schedule", one, "optimizer.learningRate", "fast", told(JSON.stringify(schedule), "fast")],
    [
      "a schedule of one optimizer of several",
      two,
      "optimizer.learningRate",
      cosine,
      told(JSON.stringify(schedule), cosine),
    ],
    [
      "an optimizer",
      one,
      "optimizer",
      { name: "sgd" },
      told(JSON.stringify(one.optimizer), { name: "sgd" }, "optimizer"),
    ],
    [
      "an object without a name",
      { trace: { every: 5 } },
      "trace",
      { layers: false },
      told('{"every":5}', { layers: false }, "trace"),
    ],
    ["an object by a number", { evaluate: { every: 5 } }, "evaluate", 3, told('{"every":5}', 3, "evaluate")],
    [
      "an object beside several optimizers",
      { ...two, trace: { every: 5 } },
      "trace",
      { layers: false },
      told('{"every":5}', { layers: false }, "trace"),
    ],
    ["a list", { problem: { hidden: [3] } }, "problem.hidden", [4], undefined],
    ["what is not there", {}, "problem.name", "mlp", undefined],
    [
      "what is long is cut",
      { data: { name: "x".repeat(100) } },
      "data",
      1,
      told(`{"name":"${"x".repeat(68)}…`, 1, "data"),
    ],
  ];
  test.each(table)("%s", (_, raw, path, value, note) => {
    expect(replacedBy(raw as Record<string, unknown>, path, value)).toBe(note);
  });
});

describe("in a config", () => {
  const directory = mkdtempSync(join(tmpdir(), "assign-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const base = { name: "rates", problem: { name: "quadratic" }, steps: 3 };
  const load = (config: object, set: Record<string, string> = {}, sweeps: string[] = []) => {
    const path = join(directory, "config.json");
    writeFileSync(path, JSON.stringify({ ...base, ...config }));
    const overrides = Object.entries(set).map(([path, text]) => ({ path, text }));
    return loadExperiment(path, builtIn, overrides, sweeps);
  };
  const rates = async (...given: Parameters<typeof load>) =>
    expand(await load(...given)).map(({ config }) => config.optimizer.learningRate);
  const full = { ...schedule, final: 0, warmupSteps: 0 };

  test("a sweep of numbers keeps the schedule of each optimizer", async () => {
    const config = { ...two, sweep: { grid: { "optimizer.learningRate": [1, 2] } } };
    expect(await rates(config)).toEqual([{ ...full, initial: 1 }, 1, { ...full, initial: 2 }, 2]);
    expect((await load(config)).notes).toEqual([]);
    expect(await rates(two, {}, ["optimizer.learningRate=list:1,2"])).toEqual(await rates(config));
    expect(await rates({ ...two, sweep: { zip: { "optimizer.learningRate.initial": [1, 2] } } })).toEqual(
      await rates(config),
    );
  });

  test("numbers and schedules are mixed in one sweep; what a schedule replaces is told", async () => {
    const cosine = { schedule: "cosine", initial: 1 };
    const config = { ...one, sweep: { grid: { "optimizer.learningRate": [2, cosine] } } };
    expect(await rates(config)).toEqual([
      { ...full, initial: 2 },
      { ...cosine, final: 0, warmupSteps: 0 },
    ]);
    const note = `optimizer.learningRate: ${JSON.stringify(cosine)} takes the place of ${JSON.stringify(schedule)}`;
    expect((await load(config)).notes).toEqual([note]);
    const blocks = [{ zip: config.sweep.grid }, config.sweep];
    expect((await load({ ...one, sweep: blocks })).notes).toEqual([note]);
    expect(
      (await load({ ...one, sweep: { grid: { "optimizer.learningRate": { logspace: [1, 2, 3] } } } })).notes,
    ).toEqual([]);
  });

  test("--set of a number keeps the schedule; of a schedule, it tells what it replaces", async () => {
    expect(await rates(one, { "optimizer.learningRate": "0.2" })).toEqual([{ ...full, initial: 0.2 }]);
    expect((await load(one, { "optimizer.learningRate": "0.2" })).notes).toEqual([]);
    expect(await rates(plain, { "optimizer.learningRate.initial": "0.2" })).toEqual([0.2]);
    const text = "{schedule: cosine, initial: 1}";
    expect((await load(one, { "optimizer.learningRate": text })).notes).toEqual([
      `optimizer.learningRate: {"schedule":"cosine","initial":1} takes the place of ${JSON.stringify(schedule)}`,
    ]);
    // After --set the sweep meets what was set.
    const swept = { ...one, sweep: { grid: { "optimizer.learningRate": [3] } } };
    expect(await rates(swept, { "optimizer.learningRate": text })).toEqual([
      { schedule: "cosine", initial: 3, final: 0, warmupSteps: 0 },
    ]);
  });
});
