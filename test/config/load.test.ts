import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { experimentOf, loadExperiment } from "../../src/config/load.js";
import { temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const base = { name: "one", problem: { name: "quadratic" }, optimizer: { name: "lars", learningRate: 0.1 }, steps: 3 };

/** Writes these files, and loads the first of them. */
function load(files: Record<string, object | string>, set: Record<string, string> = {}, sweeps: string[] = []) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  const overrides = Object.entries(set).map(([path, text]) => ({ path, text }));
  return loadExperiment(join(directory, Object.keys(files)[0]!), builtIn, overrides, sweeps);
}

/** What is wrong, without the directory. */
async function wrong(...given: Parameters<typeof load>): Promise<string> {
  const reason: unknown = await load(...given).then(
    () => "nothing",
    (error: Error) => `${error.name}: ${error.message}`,
  );
  return String(reason).replaceAll(`${directory}/`, "");
}

test("a config is told as it was written, with what its schema adds", async () => {
  const sweep = { grid: { steps: [1, 2] } };
  const experiment = await load({
    "one.json": { ...base, description: "why", sweep, seeds: [4], slurm: { time: "1" } },
  });
  expect(experiment).toMatchObject({
    ...{ path: join(directory, "one.json"), directory, name: "one", description: "why", registry: builtIn },
    ...{ seeds: [4], sweep, expect: [], notes: [], slurm: { time: "1", tries: 3 } },
    raw: { ...base, description: "why", sweep },
  });
});

describe("a config that extends others", () => {
  const raw = async (files: Record<string, object>) => (await load(files)).raw;
  const extending = (own: object, ...bases: object[]) => {
    const names = bases.map((_, i) => `bases/${i}.json`);
    const files = bases.map((content, i) => [`bases/${i}.json`, content] as const);
    return raw({ "own.json": { extends: names, ...own }, ...Object.fromEntries(files) });
  };

  test.each<[what: string, own: object, bases: object[], merged: object]>([
    ["its own name", { name: "two" }, [base], { ...base, name: "two" }],
    ["the name of its base, where it has none", {}, [base], base],
    [
      "objects key by key",
      { problem: { dimension: 3 } },
      [base],
      { ...base, problem: { name: "quadratic", dimension: 3 } },
    ],
    [
      "another variant as a whole",
      { problem: { name: "scalar" } },
      [{ ...base, problem: { name: "quadratic", dimension: 3 } }],
      { ...base, problem: { name: "scalar" } },
    ],
    [
      "the same variant key by key",
      { problem: { name: "quadratic", conditionNumber: 7 } },
      [{ ...base, problem: { name: "quadratic", dimension: 3 } }],
      { ...base, problem: { name: "quadratic", dimension: 3, conditionNumber: 7 } },
    ],
    [
      "another schedule as a whole",
      { optimizer: { learningRate: { schedule: "cosine", initial: 1 } } },
      [{ ...base, optimizer: { name: "lars", learningRate: { schedule: "polynomial", initial: 0.5, power: 3 } } }],
      { ...base, optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 1 } } },
    ],
    [
      "the same schedule key by key",
      { optimizer: { learningRate: { initial: 1 } } },
      [{ ...base, optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 0.5 } } }],
      { ...base, optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 1 } } },
    ],
    ["lists as a whole", { seeds: [7] }, [{ ...base, seeds: [1, 2] }], { ...base, seeds: [7] }],
    ["text for an object", { evaluate: "end" }, [{ ...base, evaluate: { every: 2 } }], { ...base, evaluate: "end" }],
    [
      "several bases, the later over the earlier",
      { steps: 5 },
      [base, { steps: 4, seeds: [9], problem: { dimension: 2 } }],
      { ...base, steps: 5, seeds: [9], problem: { name: "quadratic", dimension: 2 } },
    ],
  ])("has %s", async (_, own, bases, merged) => {
    const { name, ...rest } = await extending(own, ...bases);
    expect({ name, ...rest }).toEqual(merged);
  });

  test.each<[own: object, base: object, gone: string]>([
    [{ optimizers: [base.optimizer] }, base, "optimizer"],
    [{ optimizer: base.optimizer }, { ...base, optimizer: undefined, optimizers: [base.optimizer] }, "optimizers"],
    [{ epochs: 2 }, base, "steps"],
    [{ steps: 2 }, { ...base, steps: undefined, epochs: 3 }, "epochs"],
  ])("%j stands in for what its base has", async (own, base, gone) => {
    const found = await extending(own, base);
    expect(found).toMatchObject(own);
    expect(found).not.toHaveProperty(gone);
  });

  test("by one path, relative to itself, at any depth", async () => {
    const files = {
      "own.json": { name: "own", extends: "bases/a.json" },
      "bases/a.json": { extends: "deep/b.json", steps: 9 },
      "bases/deep/b.json": { ...base, steps: 8, seeds: [3] },
    };
    expect(await raw(files)).toEqual({ ...base, name: "own", steps: 9, seeds: [3] });
  });

  test("is refused where it cannot end", async () => {
    expect(await wrong({ "own.json": { extends: "own.json" } })).toBe(
      "ExperimentError: own.json: extends itself, by way of 1 file(s)",
    );
    expect(await wrong({ "own.json": { extends: "a.json" }, "a.json": { extends: "own.json" } })).toBe(
      "ExperimentError: own.json: extends itself, by way of 2 file(s)",
    );
    for (const extended of [3, [3], ["a.json", null]]) {
      expect(await wrong({ "own.json": { extends: extended }, "a.json": base })).toBe(
        "ExperimentError: own.json: extends: expected the path of a config, or a list of paths",
      );
    }
    // Of 200 files the config itself is one.
    const many = (count: number) => ({ "own.json": { ...base, extends: Array(count).fill("a.json") }, "a.json": {} });
    expect(await wrong(many(199))).toBe("nothing");
    expect(await wrong(many(200))).toBe("ExperimentError: a.json: extends: more than 200 files in all; expected a few");
  });

  // The first plugin that is not there is told by the path at which it was looked for.
  test.each<[own: unknown, ofBase: unknown, found: RegExp]>([
    [undefined, ["./in.mjs"], /^ExperimentError: own\.json: plugin \.\/bases\/in\.mjs: /],
    [undefined, ["../up.mjs"], /^ExperimentError: own\.json: plugin \.\/up\.mjs: /],
    [undefined, ["../../further.mjs"], /^ExperimentError: own\.json: plugin \.\.\/further\.mjs: /],
    [undefined, ["no-such-package"], /^ExperimentError: own\.json: plugin no-such-package: /],
    [["./own.mjs"], ["./in.mjs"], /^ExperimentError: own\.json: plugin \.\/bases\/in\.mjs: /],
    [["./own.mjs"], [], /^ExperimentError: own\.json: plugin \.\/own\.mjs: /],
    [["./own.mjs"], undefined, /^ExperimentError: own\.json: plugin \.\/own\.mjs: /],
    [undefined, "./in.mjs", /^ExperimentError: own\.json: plugins: expected a list.*in\.mjs/],
    [[4], ["./in.mjs"], /^ExperimentError: own\.json: plugins\[1\]: .*4/],
    [undefined, [4], /^ExperimentError: own\.json: plugins\[0\]: .*4/],
  ])("with plugins %j takes those of its base, %j, from its own place", async (own, ofBase, found) => {
    const files = {
      "own.json": { extends: "bases/a.json", plugins: own },
      "bases/a.json": { ...base, plugins: ofBase },
    };
    expect(await wrong(files)).toMatch(found);
  });

  test("in the same directory names the same plugins", async () => {
    const files = { "own.json": { extends: "a.json" }, "a.json": { ...base, plugins: ["./x/../in.mjs"] } };
    expect(await wrong(files)).toMatch(/^ExperimentError: own\.json: plugin \.\/x\/\.\.\/in\.mjs: /);
  });
});

describe("--set", () => {
  test("reads YAML, and plain text where text is wanted", async () => {
    const set = {
      steps: "7",
      name: "12",
      description: "[a, b]",
      "problem.dimension": "3",
      "optimizer.momentum": "0.5",
      "optimizer.label": "true",
      "stop.lossAbove": "1e9",
    };
    expect((await load({ "one.json": base }, set)).raw).toEqual({
      ...{ name: "12", description: "[a, b]", steps: 7, stop: { lossAbove: 1e9 } },
      problem: { name: "quadratic", dimension: 3 },
      optimizer: { name: "lars", learningRate: 0.1, momentum: 0.5, label: "true" },
    });
  });

  test.each<[path: string, text: string, message: string]>([
    ["", "3", "--set =3: expected path=value, such as optimizer.momentum=0.9"],
    ["a.__proto__.b", "3", '--set a.__proto__.b=3: unknown key "__proto__"'],
    ["constructor", "3", '--set constructor=3: unknown key "constructor"'],
    ["problem.prototype", "3", '--set problem.prototype=3: unknown key "prototype"'],
    ["optimizers.length", "3", '--set optimizers.length=3: unknown key "length"'],
    ["problem", "{a: 1, a: 2}", "--set problem={a: 1, a: 2}: the key a occurs twice; expected each key once"],
  ])("%s=%s is refused", async (path, text, message) => {
    expect(await wrong({ "one.json": base }, { [path]: text })).toBe(`ExperimentError: ${message}`);
  });

  test("what is wrong in the value is told at its place", async () => {
    expect(await wrong({ "one.json": base }, { steps: "many" })).toMatch(/^ExperimentError: one\.json: steps: .*many/);
    expect(await wrong({ "one.json": base }, { "problem.name": "cubic" })).toMatch(
      /^ExperimentError: one\.json: .*cubic/,
    );
  });
});

test("what --set and the sweep take away is told once each", async () => {
  const config = {
    ...base,
    trace: { every: 2 },
    evaluate: { every: 5 },
    sweep: [{ grid: { evaluate: ["end", "epoch"] } }, { zip: { evaluate: ["end"] } }],
  };
  expect((await load({ "one.json": config }, { trace: "{layers: false}" })).notes).toEqual([
    'trace: {"layers":false} takes the place of {"every":2}',
    'evaluate: "end" takes the place of {"every":5}',
    'evaluate: "epoch" takes the place of {"every":5}',
  ]);
});

describe("a config that cannot be read", () => {
  test.each<[name: string, text: string, message: string | RegExp]>([
    ["a.json", "[1]", "a.json: expected an object with keys such as name, problem, optimizer"],
    ["a.yaml", "text", "a.yaml: expected an object with keys such as name, problem, optimizer"],
    ["a.json", "{", /^a\.json:\d+:\d+: invalid JSON: /],
    ["a.yaml", "a: {", /^a\.yaml:1:\d+: invalid YAML: /],
    ["a.yaml", "a: 1\na: 2\n", "a.yaml:2:1: invalid YAML: the key a occurs twice; expected each key once"],
    ["a.yaml", "constructor: 1\n", 'a.yaml: unknown key "constructor"'],
  ])("%s of %j", async (name, text, message) => {
    const found = (await wrong({ [name]: text })).replace("ExperimentError: ", "");
    if (typeof message === "string") expect(found).toBe(message);
    else expect(found).toMatch(message);
  });

  test("with a key of one form beside those of another", async () => {
    const problem = { name: "logistic-regression", data: { examples: 10, features: 3 } };
    expect(await wrong({ "one.json": { ...base, problem } })).toBe(
      'ExperimentError: one.json: problem.data: unknown key "features". "features" belongs to another form than the rest. Valid keys: source, examples, weights, design, file, target, features',
    );
  });

  test("that has both of what is to be given once, or neither", async () => {
    const message = "ExperimentError: one.json: give either optimizer (one) or optimizers (a list)";
    expect(await wrong({ "one.json": { ...base, optimizers: [base.optimizer] } })).toBe(message);
    expect(await wrong({ "one.json": { ...base, optimizer: undefined } })).toBe(message);
  });

  test("whose sweep, from the command line, goes to a reserved place", async () => {
    expect(await wrong({ "one.json": base }, {}, ["a.constructor=list:1"])).toBe(
      'ExperimentError: --sweep a.constructor=list:1: unknown key "constructor"',
    );
  });

  test("whose plugin is not there", async () => {
    expect(await wrong({ "one.json": { ...base, plugins: ["./nowhere.mjs"] } })).toMatch(
      /^ExperimentError: one\.json: .*nowhere\.mjs/,
    );
    expect(await wrong({ "one.json": base }, { plugins: "[./nowhere.mjs]" })).toMatch(
      /^ExperimentError: one\.json: .*nowhere\.mjs/,
    );
    expect(await wrong({ "one.json": { ...base, plugins: "./nowhere.mjs" } })).toMatch(
      /^ExperimentError: one\.json: plugins: /,
    );
    expect(await wrong({ "one.json": { ...base, plugins: [3] } })).toMatch(
      /^ExperimentError: one\.json: plugins\[0\]: /,
    );
  });
});

describe("a config that a program holds", () => {
  test("is checked as one of a file is", async () => {
    const config = Object.freeze({ ...base });
    expect(await experimentOf(config, "here", builtIn)).toMatchObject({
      ...{ path: "config", directory: "here", name: "one", raw: base, notes: [], registry: builtIn },
    });
    await expect(experimentOf({ ...base, steps: 0 }, "here", builtIn)).rejects.toThrow(/^config: steps: /);
  });

  test("is a tree", async () => {
    const round: Record<string, unknown> = { ...base };
    round.problem = round;
    await expect(experimentOf(round, "here", builtIn)).rejects.toThrow(
      "config: an alias (*) stands inside what it stands for; expected a tree of values",
    );
  });
});
