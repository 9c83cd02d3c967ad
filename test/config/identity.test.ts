import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { canonicalJson, madeByOtherCode, runId, type Surroundings, versionsOf } from "../../src/config/identity.js";
import { loadExperiment } from "../../src/config/load.js";
import type { Manifest } from "../../src/results/manifest.js";
import { checksOf, verifiedOf } from "../../src/verification/check.js";
import { execute, temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

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

async function runOf(config: object) {
  const path = join(directory, "config.json");
  writeFileSync(path, JSON.stringify(config));
  return expand(await loadExperiment(path, builtIn))[0]!;
}
const idOf = async (config: object, around = surroundings) => runId(builtIn, await runOf(config), around);
/** Without the label, which differs with the optimizer's and the seed. */
const hashOf = async (...given: Parameters<typeof idOf>) => (await idOf(...given)).slice(-10);

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
])("%s makes another run", async (_, config, surroundings) => {
  expect(await hashOf(config, surroundings)).not.toBe(await hashOf(base));
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
])("%s does not", async (_, config) => {
  expect(await hashOf(config)).toBe(await hashOf(base));
});

test("a convention and its options, spelled out, are one run; the options are what is recorded", async () => {
  const options = { trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "one" };
  expect(await hashOf(rule({ convention: "optax" }))).toBe(await hashOf(rule(options)));
  expect(await hashOf(rule({ convention: "paper" }))).toBe(await hashOf(base));
  expect((await runOf(rule({ convention: "optax" }))).config.optimizer).toMatchObject(options);
  expect((await runOf(rule({ convention: "optax" }))).config.optimizer).not.toHaveProperty("convention");
});

test("an id is a name for a directory, whatever the label", async () => {
  expect(await idOf(base)).toMatch(/^lars-seed=0-[0-9a-f]{10}$/);
  const id = await idOf(rule({ label: `../../a b\u0000:*?${"x".repeat(100)}` }));
  expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9.=+-]{79}-[0-9a-f]{10}$/);
  expect(await idOf(rule({ label: "ß ü" }))).toMatch(/^seed=0-[0-9a-f]{10}$/);
});

test("versions name everything that a run is made from; another one, and which, is told", async () => {
  const { config } = await runOf({
    ...rule({ learningRate: { schedule: "cosine", initial: 1 } }),
    bounds: ["radius", "norm-ratio"],
  });
  const versions = versionsOf(builtIn, config);
  expect(versions).toEqual({
    results: expect.stringMatching(/^schema \d+$/),
    rule: expect.stringMatching(/^lars \d+$/),
    schedule: expect.stringMatching(/^cosine \d+$/),
    problem: expect.stringMatching(/^quadratic \d+$/),
    "data set": undefined,
    bounds: expect.stringMatching(/^norm-ratio \d+, radius \d+$/),
  });
  expect(madeByOtherCode(builtIn, { versions, config })).toBeUndefined();
  expect(madeByOtherCode(builtIn, { versions: { ...versions, rule: "lars 0", "data set": "mnist 3" }, config })).toBe(
    `it was made by other code (rule: lars 0, now ${versions.rule}; data set: mnist 3, now none)`,
  );
  expect(madeByOtherCode(builtIn, { config })).toBe("it was made by an older version of the tool");
  const { config: automatic } = await runOf(base);
  const all = builtIn.bounds.map(({ name, version }) => `${name} ${version}`).join(", ");
  expect(versionsOf(builtIn, automatic).bounds).toBe(all);
  const { config: bare } = await runOf({ ...base, bounds: [] });
  expect(versionsOf(builtIn, bare)).toMatchObject({ schedule: undefined, bounds: undefined });
});

test("canonical JSON sorts the keys of objects, and no list", () => {
  expect(canonicalJson({ b: [2, 1, { d: 1, c: null }], a: "x" })).toBe('{"a":"x","b":[2,1,{"c":null,"d":1}]}');
});

/** Each kind of definition, with one that this run is made from and one that it is not. */
const kinds: readonly [
  kind: string,
  list: "optimizers" | "schedules" | "problems" | "datasets" | "bounds",
  own: string,
  other: string,
][] = [
  ["rule", "optimizers", "lars", "sgd"],
  ["schedule", "schedules", "cosine", "step"],
  ["problem", "problems", "mlp", "scalar"],
  ["data set", "datasets", "synthetic-digits", "mnist"],
  ["bounds", "bounds", "norm-growth", "radius"],
];

test.each(kinds)(
  "another version of the %s it is made from makes another run, of another no",
  async (kind, list, own, other) => {
    const run = await runOf({
      ...rule({ learningRate: { schedule: "cosine", initial: 0.1 } }),
      problem: { name: "mlp" },
      data: { name: "synthetic-digits" },
      bounds: ["norm-ratio", "norm-growth"],
    });
    const { config } = run;
    const [before, versions] = [runId(builtIn, run, surroundings), versionsOf(builtIn, config)];
    const raised = (name: string) => ({
      ...builtIn,
      [list]: builtIn[list].map((one) => (one.name === name ? { ...one, version: one.version + 1 } : one)),
    });
    expect(runId(raised(other), run, surroundings)).toBe(before);
    expect(madeByOtherCode(raised(other), { versions, config })).toBeUndefined();
    expect(runId(raised(own), run, surroundings)).not.toBe(before);
    expect(madeByOtherCode(raised(own), { versions, config })).toMatch(
      new RegExp(`^it was made by other code \\(${kind}: .*, now .*\\)$`),
    );
  },
);

test("another file of the plugin that something comes from makes another run, wherever it lies", async () => {
  const run = await runOf(base);
  const definition = (name: string) => builtIn.optimizers.find((one) => one.name === name);
  const from = (sha256: string, { name = "lars", path = "/here/own.mjs" } = {}) =>
    runId(
      { ...builtIn, origins: new Map([[definition(name), { name: "./own.mjs", path, sha256 }]]) },
      run,
      surroundings,
    );
  const [one, other] = ["1".repeat(64), "2".repeat(64)];
  expect(new Set([runId(builtIn, run, surroundings), from(one), from(other)]).size).toBe(3);
  expect(from(one, { path: "/there/own.mjs" })).toBe(from(one));
  expect(from(one, { name: "sgd" })).toBe(runId(builtIn, run, surroundings));
});

const small = { problem: { name: "quadratic", dimension: 2 }, steps: 2 };

test("verify tells results that other code has made, or code before versions were kept", async () => {
  const result = await execute({ ...small, name: "older", optimizer: { name: "lars", learningRate: 0.1 } }, directory);
  const [manifest] = result.manifests;
  const runsOf = (versions: Manifest["versions"]) => {
    const manifests = [
      { ...manifest!, ...(versions ? { versions } : { versions: undefined }) },
    ] as typeof result.manifests;
    return checksOf(verifiedOf({ name: "older", registry: builtIn }, { ...result, manifests }), "nowhere").filter(
      ({ kind }) => kind === "run",
    );
  };
  expect(runsOf(manifest!.versions)).toMatchObject([{ outcome: "passed" }]);
  expect(runsOf({ ...manifest!.versions, problem: "quadratic 0" })).toMatchObject([
    {
      outcome: "failed",
      detail: "lars seed=0: it was made by other code (problem: quadratic 0, now quadratic 2); run it again",
    },
  ]);
  expect(runsOf(undefined)).toMatchObject([
    { outcome: "failed", detail: "lars seed=0: it was made by an older version of the tool; run it again" },
  ]);
});

test("two runs of one id are refused before anything is written", async () => {
  // Directories are named after labels without their special characters: these two are told apart by the hash alone.
  const optimizers = ["a (1)", "a [1]"].map((label) => ({ name: "lars", label, learningRate: 0.1 }));
  await expect(execute({ ...small, name: "collision", optimizers }, directory)).rejects.toThrow(
    /the runs "a \(1\) seed=0" and "a \[1\] seed=0" share the id a-1-seed=0-[0-9a-f]{10}: .*hashes collide/,
  );
  expect(existsSync(join(directory, "collision"))).toBe(false);
});
