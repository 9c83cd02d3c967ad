import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import { madeByOtherCode, runId, type Surroundings, versionsOf } from "../../src/config/identity.js";
import { type RunConfig, runSchema } from "../../src/config/schema.js";
import { datasets } from "../../src/data/registry.js";
import { optimizers } from "../../src/optimizers/registry.js";
import { schedules } from "../../src/optimizers/schedules/registry.js";
import { problems } from "../../src/problems/registry.js";
import type { Manifest } from "../../src/results/manifest.js";
import { checksOf, verifiedOf } from "../../src/verification/check.js";
import { execute, temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const config = runSchema.parse({
  name: "identity",
  problem: { name: "mlp" },
  data: { name: "synthetic-digits" },
  optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 0.1 } },
  bounds: ["norm-ratio", "norm-growth"],
  steps: 10,
  seed: 0,
}) as unknown as RunConfig;

const surroundings: Surroundings = { backend: { name: "tensorflow", device: "CPU", kernels: "1, 4.22.0" } };
const run = { label: "lars seed=0", optimizer: "lars", axes: {}, config, directory: "." };

describe("a run's id", () => {
  it.each<[what: string, changed: Partial<Surroundings["backend"]>]>([
    ["kind of device", { device: "GPU" }],
    ["backend", { name: "wasm" }],
    ["version of the kernels", { kernels: "2, 4.22.0" }],
  ])("tells another %s", (_, changed) => {
    const other = { ...surroundings, backend: { ...surroundings.backend, ...changed } };
    expect(runId(run, other)).not.toBe(runId(run, surroundings));
    expect(runId(run, { ...other, backend: surroundings.backend })).toBe(runId(run, surroundings));
  });

  /** Each kind of definition, with one that this run is made from and one that it is not. */
  const kinds: readonly [
    kind: string,
    registry: readonly { name: string; version: number }[],
    own: string,
    other: string,
  ][] = [
    ["rule", optimizers, "lars", "sgd"],
    ["schedule", schedules, "cosine", "step"],
    ["problem", problems, "mlp", "scalar"],
    ["data set", datasets, "synthetic-digits", "mnist"],
    ["bounds", bounds, "norm-growth", "radius"],
  ];

  it.each(kinds)("tells another version of the %s it is made from, and of no other", (kind, registry, own, other) => {
    const [before, versions] = [runId(run, surroundings), versionsOf(config)];
    const raise = (name: string, by: number) => {
      const definition = registry.find((one) => one.name === name)!;
      (definition as { version: number }).version += by;
    };
    raise(other, 1);
    try {
      expect(runId(run, surroundings)).toBe(before);
      expect(madeByOtherCode(versions, config)).toBeUndefined();
    } finally {
      raise(other, -1);
    }
    raise(own, 1);
    try {
      expect(runId(run, surroundings)).not.toBe(before);
      expect(madeByOtherCode(versions, config)).toMatch(
        new RegExp(`^it was made by other code \\(${kind}: .*, now .*\\)$`),
      );
    } finally {
      raise(own, -1);
    }
    expect(runId(run, surroundings)).toBe(before);
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
    return checksOf(verifiedOf("older", { ...result, manifests }), "nowhere").filter(({ kind }) => kind === "run");
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
