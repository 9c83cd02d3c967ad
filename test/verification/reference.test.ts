import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../src/bounds/bound.js";
import { builtIn } from "../../src/built-in/built-in.js";
import type { Manifest } from "../../src/results/manifest.js";
import { type Verified, verifiedOf } from "../../src/verification/check.js";
import { type Reference, readReference } from "../../src/verification/reference.js";
import { referenceChecks, referenceClaim } from "../../src/verification/reference-check.js";
import { mostBytes, writeReference } from "../../src/verification/reference-writer.js";
import { execute, temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a config, and keeps what comes of it as its reference. */
async function referenced(config: Record<string, unknown>): Promise<{ verified: Verified; reference: Reference }> {
  const verified = verifiedOf({ name: String(config.name), registry: builtIn }, await execute(config, directory));
  expect(verified.failures).toEqual([]);
  const place = join(directory, "reference", verified.name);
  writeReference(place, verified);
  return { verified, reference: readReference(place)! };
}

const failuresOf = (verified: Verified, reference: Reference) =>
  referenceChecks(verified, reference).filter(({ outcome }) => outcome === "failed");

const coverageOf = (verified: Verified, reference: Reference) =>
  referenceChecks(verified, reference).find(({ name }) => name === "coverage")!;

describe("a reference", () => {
  let verified: Verified;
  let reference: Reference;
  beforeAll(async () => {
    ({ verified, reference } = await referenced({
      name: "two",
      problem: { name: "quadratic", dimension: 4 },
      optimizers: [
        { name: "lars", learningRate: 0.05 },
        { name: "sgd", learningRate: 0.05 },
      ],
      steps: 10,
    }));
  });

  /** The same results, with something about the run of lars changed. */
  function changed(change: Partial<Manifest>): Verified {
    const [lars, ...others] = verified.manifests;
    return { ...verified, manifests: [{ ...lars!, ...change }, ...others] };
  }
  const withVerdict = (bound: string, change: Record<string, unknown>) => {
    const { verdicts } = verified.manifests[0]!;
    return changed({ verdicts: { ...verdicts, [bound]: { ...verdicts![bound]!, ...change } as Verdict } });
  };
  const held = (bound: string) => verified.manifests[0]!.verdicts![bound] as Verdict & { outcome: "held" };

  it("agrees with what it was made from, and says how much it covers", () => {
    const checks = referenceChecks(verified, reference);
    expect(checks.map(({ name, outcome, detail }) => [name, outcome, detail])).toEqual([
      ["coverage", "passed", "2 of 2 runs: 11 steps each, outcomes and bounds"],
      ["tolerance of the bounds", "passed", "as it was"],
      ["lars seed=0", "passed", "agrees"],
      ["sgd seed=0", "passed", "agrees"],
    ]);
    expect(referenceClaim(checks, "here")).toMatchObject({ verdict: "met", measured: checks[0]!.detail });
  });

  it.each<[what: string, make: () => Verified, found: RegExp]>([
    [
      "a slack that is larger at its smallest",
      () => withVerdict("norm-ratio", { smallestSlack: 1e-6 }),
      /bound norm-ratio: smallest slack 0\.000001 in place of/,
    ],
    [
      "a slack that is larger on average",
      () => withVerdict("envelope", { meanSlack: held("envelope").meanSlack + 1e-6 }),
      /bound envelope: mean slack/,
    ],
    [
      "a check more",
      () => withVerdict("norm-growth", { checks: held("norm-growth").checks + 1 }),
      /bound norm-growth: checks 21 in place of 20/,
    ],
    [
      "a bound that is violated",
      () => withVerdict("envelope", { outcome: "violated", firstStep: 3 }),
      /bound envelope: violated in place of held/,
    ],
    [
      "a bound that does not apply any more",
      () => withVerdict("envelope", { outcome: "not applicable", reason: "why ever" }),
      /bound envelope: not applicable in place of held/,
    ],
    [
      "a bound that applies now",
      () => withVerdict("sign-trap", { outcome: "held", checks: 1, smallestSlack: 0, meanSlack: 0 }),
      /bound sign-trap: held in place of not applicable/,
    ],
    ["another status", () => changed({ status: "diverged" }), /diverged in place of completed/],
    [
      "another final loss",
      () => {
        const { outcome } = verified.manifests[0]!;
        const final = { ...outcome!.final, trainLoss: outcome!.final.trainLoss! * (1 + 1e-6) };
        return changed({ outcome: { ...outcome!, final } });
      },
      /final trainLoss .* in place of/,
    ],
    [
      "another best distance",
      () => {
        const { outcome } = verified.manifests[0]!;
        const best = { ...outcome!.best, distance: outcome!.best.distance! * (1 + 1e-6) };
        return changed({ outcome: { ...outcome!, best } });
      },
      /best distance .* in place of/,
    ],
    [
      "a final loss that is not measured any more",
      () => {
        const { trainLoss: _, ...final } = verified.manifests[0]!.outcome!.final;
        return changed({ outcome: { ...verified.manifests[0]!.outcome!, final } });
      },
      /final trainLoss none in place of/,
    ],
    [
      "fewer steps",
      () => changed({ outcome: { ...verified.manifests[0]!.outcome!, steps: 9 } }),
      /9 steps in place of 10/,
    ],
  ])("notices %s", (_, make, found) => {
    const failures = failuresOf(make(), reference);
    expect(failures.map(({ name }) => name)).toEqual(["lars seed=0"]);
    expect(failures[0]!.detail).toMatch(/^rule lars: /);
    expect(failures[0]!.detail).toMatch(found);
    expect(referenceClaim(failures, "here")).toMatchObject({ verdict: "not met" });
  });

  it("lets the last digits go", () => {
    expect(failuresOf(withVerdict("envelope", { meanSlack: held("envelope").meanSlack + 1e-12 }), reference)).toEqual(
      [],
    );
  });

  it("notices another tolerance of the checks", () => {
    const other = { ...reference, tolerance: { ...reference.tolerance, float64: 0.1 } };
    const [failure] = failuresOf(verified, other);
    expect(failure).toMatchObject({ name: "tolerance of the bounds", detail: "float64 1e-9 in place of 0.1" });
  });

  it("says so where the experiment has runs that it does not know, and where it has lost some", () => {
    const one = { ...reference, runs: reference.runs.slice(0, 1), experimentRuns: 1 };
    expect(coverageOf(verified, one)).toMatchObject({
      outcome: "not checked",
      detail: expect.stringMatching(/^1 of 2 runs: .*; not sgd seed=0, … \(the experiment has gained runs since/),
    });
    const fewer = { ...verified, manifests: verified.manifests.slice(0, 1) };
    expect(failuresOf(fewer, reference)).toMatchObject([
      { name: "sgd seed=0", detail: "there is no such run any more" },
    ]);
  });
});

const many = (count: number) => ({
  name: `many-${count}`,
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  sweep: { grid: { "optimizer.learningRate": { linspace: [0.01, 0.3, count] } } },
});

describe("a reference of many runs", () => {
  it("covers all of them with fewer steps each", async () => {
    const { verified, reference } = await referenced({ ...many(63), steps: 40 });
    expect(coverageOf(verified, reference)).toMatchObject({
      outcome: "passed",
      detail: expect.stringMatching(/^63 of 63 runs: 4 steps each/),
    });
    // The first two steps, one on the way, and the last.
    expect(reference.traces(62)[0]!.get("step")).toEqual(["0", "1", "9", "40"]);
  });

  it("covers fewer where not even these fit, and says so", async () => {
    const config = { ...many(60), problem: { name: "block-quadratic", blocks: Array(12).fill(1) }, steps: 3 };
    const { verified, reference } = await referenced({ ...config, name: "wide" });
    const { outcome, detail } = coverageOf(verified, reference);
    expect(outcome).toBe("not checked");
    expect(detail).toMatch(/^18 of 60 runs: 4 steps each.*; not lars .*, … \(of 60 runs .* size limit\)$/);
    const { size } = statSync(join(directory, "reference/wide/layers.csv"));
    expect(size).toBeLessThanOrEqual(mostBytes);
    expect(size).toBeGreaterThan(0.9 * mostBytes);
  });
});

describe("float32 on another backend", () => {
  const digits = { data: { name: "synthetic-digits", train: 200, test: 50 }, batchSize: 32, steps: 6 };
  const elementwise = { name: "percent-delta-elementwise", learningRate: 0.02 };
  const onTwoBackends = async (name: string, config: Record<string, unknown>) => {
    const { reference } = await referenced({ ...digits, ...config, name: `${name}-wasm`, backend: "wasm" });
    const other = { ...digits, ...config, name: `${name}-cpu`, backend: "cpu" };
    const verified = verifiedOf({ name, registry: builtIn }, await execute(other, directory));
    return referenceChecks(verified, reference).filter(
      ({ kind, name }) => kind === "reference" && name.includes("seed"),
    );
  };

  it("is compared for a few steps where the gradient jumps, for more where it does not", async () => {
    const rectifiers = { problem: { name: "mlp", hidden: [20] }, optimizer: { name: "sgd", learningRate: 0.1 } };
    expect(await onTwoBackends("relu", rectifiers)).toMatchObject([
      { outcome: "passed", detail: expect.stringContaining("agrees in 6 traced steps up to step 5,") },
    ]);
    const smooth = { ...rectifiers, problem: { ...rectifiers.problem, activation: "tanh" } };
    expect(await onTwoBackends("tanh", smooth)).toMatchObject([
      { outcome: "passed", detail: expect.stringContaining("agrees in 7 traced steps up to step 40,") },
    ]);
  });

  it("is compared as a whole where it is WebAssembly again, whatever registers that has", async () => {
    const config = { ...digits, problem: { name: "mlp", hidden: [20] }, optimizer: { name: "sgd", learningRate: 0.1 } };
    const { reference, verified } = await referenced({ ...config, name: "registers", backend: "wasm" });
    const manifests = verified.manifests.map((manifest) => ({
      ...manifest,
      backend: { ...manifest.backend, device: "CPU, WebAssembly with SIMD of 1024 bits" },
    }));
    const checks = referenceChecks({ ...verified, manifests }, reference);
    expect(checks.find(({ name }) => name.includes("seed"))).toMatchObject({ outcome: "passed", detail: "agrees" });
  });

  it("is not compared under a rule that magnifies rounding, and says why", async () => {
    const optimizers = [elementwise, { ...elementwise, label: "ε = 1e-4", epsilon: 1e-4 }];
    const checks = await onTwoBackends("elementwise", { problem: { name: "softmax-regression" }, optimizers });
    expect(checks).toMatchObject([
      {
        outcome: "not checked",
        detail: expect.stringMatching(/^made on cpu in float32, .* epsilon 0\.000001 .* 0\.0001/),
      },
      { outcome: "passed" },
    ]);
  });
});
