import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { madeByOtherCode, runId, type Surroundings, versionsOf } from "../../src/config/identity.js";
import { configSchemas } from "../../src/config/schema.js";
import type { Manifest } from "../../src/results/manifest.js";
import { checksOf, verifiedOf } from "../../src/verification/check.js";
import { execute, temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const config = configSchemas(builtIn).run.parse({
  name: "identity",
  problem: { name: "mlp" },
  data: { name: "synthetic-digits" },
  optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 0.1 } },
  bounds: ["norm-ratio", "norm-growth"],
  steps: 10,
  seed: 0,
});

const surroundings: Surroundings = { backend: { name: "tensorflow", device: "CPU", kernels: "1, 4.22.0" } };
const run = { label: "lars seed=0", optimizer: "lars", axes: {}, config, directory: "." };

describe("a run's id", () => {
  it.each<[what: string, changed: Partial<Surroundings["backend"]>]>([
    ["kind of device", { device: "GPU" }],
    ["backend", { name: "wasm" }],
    ["version of the kernels", { kernels: "2, 4.22.0" }],
  ])("tells another %s", (_, changed) => {
    const other = { ...surroundings, backend: { ...surroundings.backend, ...changed } };
    expect(runId(builtIn, run, other)).not.toBe(runId(builtIn, run, surroundings));
    expect(runId(builtIn, run, { ...other, backend: surroundings.backend })).toBe(runId(builtIn, run, surroundings));
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

  it.each(kinds)("tells another version of the %s it is made from, and of no other", (kind, list, own, other) => {
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
  });
});

const small = { problem: { name: "quadratic", dimension: 2 }, steps: 2 };

it("verify tells results that other code has made, or code before versions were kept", async () => {
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
      detail: "lars seed=0: it was made by other code (problem: quadratic 0, now quadratic 1); run it again",
    },
  ]);
  expect(runsOf(undefined)).toMatchObject([
    { outcome: "failed", detail: "lars seed=0: it was made by an older version of the tool; run it again" },
  ]);
});

it("two runs of one id are refused before anything is written", async () => {
  // Directories are named after labels without their special characters: these two are told apart by the hash alone.
  const optimizers = ["a (1)", "a [1]"].map((label) => ({ name: "lars", label, learningRate: 0.1 }));
  await expect(execute({ ...small, name: "collision", optimizers }, directory)).rejects.toThrow(
    /the runs "a \(1\) seed=0" and "a \[1\] seed=0" share the id a-1-seed=0-[0-9a-f]{10}: .*hashes collide/,
  );
  expect(existsSync(join(directory, "collision"))).toBe(false);
});
