import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { expand } from "../../src/config/expand.js";
import { canonicalJson, madeByOtherCode, runId, type Surroundings, versionsOf } from "../../src/config/identity.js";
import { loadExperiment } from "../../src/config/load.js";

const directory = mkdtempSync(join(tmpdir(), "identity-"));
afterAll(() => rmSync(directory, { recursive: true }));

const base = {
  name: "one",
  problem: { name: "quadratic" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 3,
};
const surroundings: Surroundings = {
  backend: { name: "cpu", device: "CPU", kernels: "1" },
  dataset: { name: "mnist", checksum: "abc", train: 60, test: 10 },
};

function runOf(config: object) {
  const path = join(directory, "config.json");
  writeFileSync(path, JSON.stringify(config));
  return expand(loadExperiment(path))[0]!;
}
const idOf = (config: object, around = surroundings) => runId(runOf(config), around);
/** Without the label, which differs with the optimizer's and the seed. */
const hashOf = (...given: Parameters<typeof idOf>) => idOf(...given).slice(-10);

const rule = (more: object) => ({ ...base, optimizer: { ...base.optimizer, ...more } });
const around = (more: object) => ({ ...surroundings, ...more });

test.each<[what: string, config: object, surroundings?: Surroundings]>([
  ["an option of the rule", rule({ momentum: 0.5 })],
  ["the rate", rule({ learningRate: 0.1000001 })],
  ["a schedule, even a constant one", rule({ learningRate: { schedule: "constant", initial: 0.1 } })],
  ["the seed", { ...base, seeds: [1] }],
  ["the steps", { ...base, steps: 4 }],
  ["the problem", { ...base, problem: { name: "quadratic", dimension: 3 } }],
  ["what is traced", { ...base, trace: { every: 2 } }],
  ["when it is evaluated", { ...base, evaluate: "end" }],
  ["what counts as divergence", { ...base, stop: { lossAbove: 1e9 } }],
  ["the bounds", { ...base, bounds: ["norm-ratio"] }],
  ["the backend", base, around({ backend: { ...surroundings.backend, name: "wasm" } })],
  ["the kind of device", base, around({ backend: { ...surroundings.backend, device: "GPU" } })],
  ["the kernels", base, around({ backend: { ...surroundings.backend, kernels: "2" } })],
  ["the data", base, around({ dataset: { ...surroundings.dataset, checksum: "abd" } })],
  ["the amount of data", base, around({ dataset: { ...surroundings.dataset, train: 59 } })],
  ["the user's examples", base, around({ examples: "abc" })],
])("%s makes another run", (_, config, surroundings) => {
  expect(hashOf(config, surroundings)).not.toBe(hashOf(base));
});

test.each<[what: string, config: object]>([
  ["the order of the keys", Object.fromEntries(Object.entries(base).reverse())],
  ["a default that is spelled out", rule({ momentum: 0, scope: "layer" })],
  ["the name of the experiment", { ...base, name: "other", description: "another" }],
  ["the label of the optimizer", rule({ label: "mine" })],
  [
    "how long it may take, and how often it is saved",
    { ...base, stop: { wallSeconds: 9 }, checkpoint: { everySteps: 2 } },
  ],
  ["the backend that is asked for, where the same is found", { ...base, backend: "float64" }],
])("%s does not", (_, config) => {
  expect(hashOf(config)).toBe(hashOf(base));
});

test("an id is a name for a directory, whatever the label", () => {
  expect(idOf(base)).toMatch(/^lars-seed=0-[0-9a-f]{10}$/);
  const id = idOf(rule({ label: `../../a b\u0000:*?${"x".repeat(100)}` }));
  expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9.=+-]{79}-[0-9a-f]{10}$/);
  expect(idOf(rule({ label: "ß ü" }))).toMatch(/^seed=0-[0-9a-f]{10}$/);
});

test("versions name everything that a run is made from; another one, and which, is told", () => {
  const { config } = runOf({
    ...rule({ learningRate: { schedule: "cosine", initial: 1 } }),
    bounds: ["radius", "norm-ratio"],
  });
  const versions = versionsOf(config);
  expect(versions).toEqual({
    results: expect.stringMatching(/^schema \d+$/),
    rule: expect.stringMatching(/^lars \d+$/),
    schedule: expect.stringMatching(/^cosine \d+$/),
    problem: expect.stringMatching(/^quadratic \d+$/),
    "data set": undefined,
    bounds: expect.stringMatching(/^norm-ratio \d+, radius \d+$/),
  });
  expect(madeByOtherCode(versions, config)).toBeUndefined();
  expect(madeByOtherCode({ ...versions, rule: "lars 0", "data set": "mnist 3" }, config)).toBe(
    `it was made by other code (rule: lars 0, now ${versions.rule}; data set: mnist 3, now none)`,
  );
  expect(madeByOtherCode(undefined, config)).toBe("it was made by an older version of the tool");
  expect(versionsOf(runOf({ ...base, bounds: [] }).config)).toMatchObject({ schedule: undefined, bounds: undefined });
});

test("canonical JSON sorts the keys of objects, and no list", () => {
  expect(canonicalJson({ b: [2, 1, { d: 1, c: null }], a: "x" })).toBe('{"a":"x","b":[2,1,{"c":null,"d":1}]}');
});
