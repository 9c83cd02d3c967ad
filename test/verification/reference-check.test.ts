import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, test } from "vitest";
import { tolerance } from "../../src/bounds/bound.js";
import { builtIn } from "../../src/built-in/built-in.js";
import type { Manifest } from "../../src/results/manifest.js";
import type { Columns } from "../../src/trace/csv-columns.js";
import type { Check, Verified } from "../../src/verification/check.js";
import {
  configurationHash,
  type Reference,
  type ReferenceRun,
  type ReferenceVerdict,
  referenceVersion,
} from "../../src/verification/reference.js";
import { committedReferenceChecks, referenceChecks, referenceClaim } from "../../src/verification/reference-check.js";
import { temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const trace = { step: ["0", "1", "6"], loss: ["4", "2", "1"] };
const layers = { step: ["0", "1"], layer: ["a", "a"], norm_ratio: ["0.1", "0.1"] };

function writeTable(id: string, name: string, columns: Record<string, readonly string[]>) {
  const names = Object.keys(columns);
  const lines = columns[names[0]!]!.map((_, i) => names.map((column) => columns[column]![i]).join(","));
  mkdirSync(join(directory, "runs", id), { recursive: true });
  writeFileSync(join(directory, "runs", id, name), `${[names.join(","), ...lines].join("\n")}\n`);
}
writeTable("one", "trace.csv", trace);
writeTable("one", "layers.csv", layers);
writeTable("other", "trace.csv", { ...trace, loss: ["4", "3", "1.5"] });
writeTable("other", "layers.csv", { ...layers, norm_ratio: ["0.2", "0.1"] });
mkdirSync(join(directory, "runs", "none"));

const held: ReferenceVerdict = { outcome: "held", checks: 3, smallestSlack: 0.5, meanSlack: 0.75 };
const violated: ReferenceVerdict = { outcome: "violated", checks: 3, smallestSlack: -1, meanSlack: 0, firstStep: 2 };
const wasm = { name: "wasm", device: "CPU", version: "4" };

const manifest = {
  id: "one",
  label: "lars",
  status: "completed",
  precision: "float64",
  backend: { name: "float64", device: "CPU", version: "1" },
  config: { optimizer: { name: "lars", learningRate: 0.1 }, problem: { name: "scalar" } },
  outcome: { steps: 6, final: { gap: 1, distance: 2 }, best: { gap: 0.5 } },
  verdicts: { envelope: { ...held }, radius: { ...violated } },
} as unknown as Manifest;

const run: ReferenceRun = {
  label: "lars",
  status: "completed",
  precision: "float64",
  backend: manifest.backend,
  configuration: configurationHash(manifest),
  outcome: { steps: 6, final: { gap: 1, distance: 2 }, best: { gap: 0.5 } },
};

interface Change {
  readonly manifest?: object;
  readonly run?: Partial<ReferenceRun>;
  readonly reference?: Partial<Reference>;
}

const table = (columns: Record<string, readonly string[]>): Columns => new Map(Object.entries(columns));

function changed(change: Change): { verified: Verified; reference: Reference } {
  const reference: Reference = {
    ...{ referenceVersion, experiment: "one", experimentRuns: 1, bounds: ["envelope", "radius"], tolerance },
    runs: [{ ...run, ...change.run }],
    traces: () => [table(trace), table(layers)],
    verdicts: () => new Map(Object.entries({ envelope: held, radius: violated })),
    ...change.reference,
  };
  const verified = { name: "one", directory, registry: builtIn, manifests: [{ ...manifest, ...change.manifest }] };
  return { verified: verified as unknown as Verified, reference };
}

/** The check of the run. */
function checked(change: Change): readonly [outcome: Check["outcome"], detail: string] {
  const { verified, reference } = changed(change);
  const { experiment, kind, name, outcome, detail } = referenceChecks(verified, reference)[2]!;
  expect([experiment, kind, name]).toEqual(["one", "reference", "lars"]);
  return [outcome, detail];
}

describe("float64 is compared as a whole", () => {
  const outcome = manifest.outcome!;
  const verdicts = manifest.verdicts!;
  const verdict = (bound: string, change: object) => ({
    verdicts: { ...verdicts, [bound]: { ...verdicts[bound]!, ...change } },
  });

  test.each<[what: string, change: Change, found: string]>([
    ["another status", { manifest: { status: "diverged" } }, "diverged in place of completed"],
    ["other steps", { manifest: { outcome: { ...outcome, steps: 5 } } }, "5 steps in place of 6"],
    [
      "no outcome at all",
      { manifest: { outcome: undefined } },
      "none steps in place of 6; final gap none in place of 1; final distance none in place of 2; and 1 more",
    ],
    [
      "another final gap",
      { manifest: { outcome: { ...outcome, final: { gap: 1.01, distance: 2 } } } },
      "final gap 1.01 in place of 1",
    ],
    ["no best gap", { manifest: { outcome: { ...outcome, best: {} } } }, "best gap none in place of 0.5"],
    [
      "three numbers, which are all told",
      { manifest: { outcome: { ...outcome, final: { gap: 3, distance: 4 }, best: { gap: 5 } } } },
      "final gap 3 in place of 1; final distance 4 in place of 2; best gap 5 in place of 0.5",
    ],
    [
      "another outcome of a bound",
      { manifest: verdict("envelope", { outcome: "violated" }) },
      "bound envelope: violated in place of held",
    ],
    [
      "a bound that is lost",
      { manifest: { verdicts: undefined } },
      "bound envelope: not applicable in place of held; bound radius: not applicable in place of violated",
    ],
    ["other checks", { manifest: verdict("envelope", { checks: 4 }) }, "bound envelope: checks 4 in place of 3"],
    [
      "a smallest slack",
      { manifest: verdict("envelope", { smallestSlack: 0.6 }) },
      "bound envelope: smallest slack 0.6 in place of 0.5",
    ],
    [
      "a mean slack",
      { manifest: verdict("envelope", { meanSlack: 0.8 }) },
      "bound envelope: mean slack 0.8 in place of 0.75",
    ],
    [
      "a first violation",
      { manifest: verdict("radius", { firstStep: 3 }) },
      "bound radius: first violated at step 3 in place of 2",
    ],
    [
      "a first violation that was not",
      {
        reference: {
          verdicts: () =>
            new Map(
              Object.entries({
                envelope: held,
                radius: { ...violated, firstStep: undefined } as unknown as ReferenceVerdict,
              }),
            ),
        },
      },
      "bound radius: first violated at step 2 in place of none",
    ],
    [
      "traces, the earliest first, layers among them",
      { manifest: { id: "other" } },
      "column norm_ratio, layer a: first at step 0, 0.2 in place of 0.1 (relative difference up to 1.00), 1 of 2 lines; then loss at 1",
    ],
    [
      "traces that are not there",
      { manifest: { id: "none" } },
      "column step: first at step 0, empty in place of 0, 3 of 3 lines; then loss at 0, step at 0, layer at 0 and 1 more columns",
    ],
  ])("notices %s", (_, change, found) => {
    expect(checked(change)).toEqual(["failed", `rule lars: ${found}`]);
  });

  test.each<[what: string, change: Change]>([
    ["nothing at all", {}],
    ["an option at its default that is new", { run: { configuration: "another" } }],
    ["a bound that does not apply, on neither side", { reference: { bounds: ["envelope", "radius", "sign-trap"] } }],
    [
      "a bound that was not applicable and is said to be so",
      {
        manifest: { verdicts: { ...verdicts, "sign-trap": { outcome: "not applicable", reason: "none" } } },
        reference: { bounds: ["envelope", "radius", "sign-trap"] },
      },
    ],
  ])("agrees where it differs in %s", (_, change) => {
    expect(checked(change)).toEqual(["passed", "agrees"]);
  });

  it("says so where the config has changed since", () => {
    const change = { manifest: { outcome: { ...outcome, steps: 5 } }, run: { configuration: "another" } };
    expect(checked(change)).toEqual(["failed", "rule lars, whose config has changed since: 5 steps in place of 6"]);
  });
});

describe("which arithmetic", () => {
  const relu = { optimizer: { name: "sgd", learningRate: 0.1 }, problem: { name: "mlp", activation: "relu" } };
  const onWasm = { precision: "float32", backend: wasm } as const;
  const onCpu = { precision: "float32", backend: { ...wasm, name: "cpu" } } as const;
  const partly = (steps: number, last: number) => [
    "passed",
    `agrees in ${steps} traced steps up to step ${last}, beyond which other arithmetic says nothing`,
  ];

  test.each<[what: string, change: Change, found: readonly string[]]>([
    ["WebAssembly twice, of one version", { manifest: onWasm, run: onWasm }, ["passed", "agrees"]],
    ["of two versions", { manifest: onWasm, run: { ...onWasm, backend: { ...wasm, version: "5" } } }, partly(3, 40)],
    ["another backend", { manifest: onWasm, run: { ...onWasm, backend: { ...wasm, name: "cpu" } } }, partly(3, 40)],
    [
      "a backend that is not portable, twice",
      {
        manifest: { ...onWasm, backend: { ...wasm, name: "cpu" } },
        run: { ...onWasm, backend: { ...wasm, name: "cpu" } },
      },
      partly(3, 40),
    ],
    ["another backend than the one that is portable", { manifest: onCpu, run: onWasm }, partly(3, 40)],
    [
      "a problem that says nothing of its gradient",
      { manifest: { ...onWasm, config: { ...relu, problem: { name: "quadratic" } } }, run: onCpu },
      partly(3, 40),
    ],
    [
      "a last step that is traced",
      {
        manifest: { ...onWasm, config: relu },
        run: onCpu,
        reference: { traces: () => [table({ step: ["0", "5", "6"] })] },
      },
      ["failed", expect.stringContaining("column step: first at step 5, empty in place of 5, 1 of 2 lines")],
    ],
    ["no traces", { manifest: onWasm, run: onCpu, reference: { traces: () => [] } }, partly(0, 40)],
    ["float32 after float64", { manifest: onWasm, run: { backend: wasm } }, partly(3, 40)],
    ["float64 after float32", { manifest: { backend: wasm }, run: onWasm }, partly(3, 40)],
    [
      "gradients that jump",
      { manifest: { ...onWasm, config: relu }, run: { ...onWasm, backend: { ...wasm, name: "cpu" } } },
      partly(2, 5),
    ],
    [
      "a problem that is not known any more",
      {
        manifest: { ...onWasm, config: { ...relu, problem: { name: "gone" } } },
        run: { ...onWasm, backend: { ...wasm, name: "cpu" } },
      },
      partly(3, 40),
    ],
    [
      "a rule that is not known any more",
      {
        manifest: { ...onWasm, config: { ...relu, optimizer: { name: "gone" } } },
        run: { ...onWasm, backend: { ...wasm, name: "cpu" } },
      },
      partly(2, 5),
    ],
  ])("%s", (_, change, found) => {
    // Of the config only what is named is looked at: whether it is the reference's own makes no difference here.
    expect(checked(change)).toEqual(found);
  });

  it("tells of the last step that is compared, where it is traced", () => {
    const [until, run] = [{ step: ["0", "1", "40"], loss: ["4", "2", "1"] }, onCpu];
    writeTable("until", "trace.csv", until);
    const change = { manifest: { ...onWasm, id: "until" }, run, reference: { traces: () => [table(until)] } };
    expect(checked(change)).toEqual(partly(3, 40));
  });

  it("beyond the steps that are compared, neither what a run came to nor slacks say anything, outcomes of bounds do", () => {
    const others = { ...onWasm, outcome: { steps: 9, final: {}, best: {} }, verdicts: {} };
    const run = { ...onWasm, backend: { ...wasm, name: "cpu" } };
    const [outcome, detail] = checked({ manifest: { ...others, config: relu }, run });
    expect([outcome, detail]).toEqual([
      "failed",
      "rule sgd, whose config has changed since: bound envelope: not applicable in place of held; bound radius: not applicable in place of violated",
    ]);
    const slack = {
      ...onWasm,
      config: relu,
      verdicts: { envelope: { ...held, checks: 9, meanSlack: 9 }, radius: violated },
    };
    expect(checked({ manifest: slack, run })).toEqual(partly(2, 5));
  });

  it("what a run came to counts where it ends within the steps that are compared", () => {
    const run = { ...onWasm, backend: { ...wasm, name: "cpu" }, outcome: { ...manifest.outcome!, steps: 40 } };
    expect(checked({ manifest: onWasm, run })[1]).toContain("6 steps in place of 40");
    const longer = { ...run, outcome: { ...run.outcome, steps: 41 } };
    expect(checked({ manifest: onWasm, run: longer })).toEqual(partly(3, 40));
  });

  it("a rule that magnifies rounding is held against its own arithmetic alone", () => {
    const optimizer = { name: "percent-delta-elementwise", learningRate: 0.1, epsilon: 1e-6 };
    const elementwise = { config: { optimizer, problem: { name: "scalar" } } };
    const onCpu = { ...onWasm, backend: { ...wasm, name: "cpu" } };
    const [outcome, detail] = checked({ manifest: { ...onWasm, ...elementwise }, run: onCpu });
    expect(outcome).toBe("not checked");
    expect(detail).toMatch(/^made on wasm in float32, the reference on cpu in float32: with epsilon 0\.000001 /);
    expect(checked({ manifest: { ...onWasm, ...elementwise }, run: onWasm })[0]).toBe("passed");
    expect(checked({ manifest: elementwise })[0]).toBe("passed");
  });

  test.each<[own: object | undefined, dataset: string | undefined, found: string]>([
    [{ name: "mnist", checksum: "12" }, "digits 34", "made on mnist 12, the reference on digits 34"],
    [{ name: "mnist", checksum: "12" }, undefined, "made on mnist 12, the reference on none"],
    [undefined, "digits 34", "made on no data set, the reference on digits 34"],
  ])("other data are not compared: %j and %s", (dataset, expected, found) => {
    const change = { manifest: { dataset }, run: expected === undefined ? {} : { dataset: expected } };
    expect(checked(change)).toEqual(["not checked", found]);
  });
});

describe("how much a reference says", () => {
  const coverage = ({ verified, reference }: ReturnType<typeof changed>) => referenceChecks(verified, reference)[0];

  it("of all runs, with as many steps each", () => {
    const traces = (i: number) => [table(i === 0 ? trace : { step: ["0", "1"] })];
    const runs = [run, { ...run, label: "sgd" }];
    const { verified } = changed({});
    const both = { ...verified, manifests: [manifest, { ...manifest, label: "sgd" }] };
    const check = { experiment: "one", kind: "reference", name: "coverage" };
    expect(coverage({ verified: both, reference: changed({ reference: { runs, traces } }).reference })).toEqual({
      ...check,
      ...{ outcome: "passed", detail: "2 of 2 runs: 2 to 3 steps each, outcomes and bounds" },
    });
    expect(coverage({ verified: both, reference: changed({ reference: { traces: () => [] } }).reference })).toEqual({
      ...check,
      outcome: "not checked",
      detail:
        "1 of 2 runs: 0 steps each, outcomes and bounds; not sgd, … (the experiment has gained runs since; --update adds them)",
    });
    expect(coverage({ verified: both, reference: changed({ reference: { experimentRuns: 2 } }).reference })).toEqual({
      ...check,
      outcome: "not checked",
      detail:
        "1 of 2 runs: 3 steps each, outcomes and bounds; not sgd, … (of 2 runs it was made from, those that fit into its size limit)",
    });
  });

  it("a run that there is no longer", () => {
    expect(checked({ manifest: { label: "sgd" } })).toEqual(["failed", "there is no such run any more"]);
  });

  it("the tolerance of the bounds, that of each precision", () => {
    const toleranceOf = (change: Change) => {
      const { verified, reference } = changed(change);
      return referenceChecks(verified, reference)[1];
    };
    const check = { experiment: "one", kind: "reference", name: "tolerance of the bounds" };
    expect(toleranceOf({})).toEqual({ ...check, outcome: "passed", detail: "as it was" });
    expect(toleranceOf({ reference: { tolerance: { float64: 0.5, float32: 0.25 } } })).toEqual({
      ...check,
      outcome: "failed",
      detail: "float64 1e-9 in place of 0.5; float32 0.0001 in place of 0.25",
    });
  });
});

describe("a reference that is not there, or of another form", () => {
  const { verified } = changed({});
  const check = { experiment: "one", kind: "reference", name: "reference" };

  it("is told, and the first no failure", () => {
    const nowhere = join(directory, "nowhere");
    expect(committedReferenceChecks(verified, nowhere)).toEqual([
      { ...check, outcome: "not checked", detail: `there is none in ${nowhere}; verify --update writes it` },
    ]);
    writeFileSync(join(directory, "reference.json"), JSON.stringify({ referenceVersion: 1 }));
    const [failure] = committedReferenceChecks(verified, directory);
    expect(failure).toEqual({ ...check, outcome: "failed", detail: expect.stringContaining("is of version 1 of") });
  });

  it("is compared where it is there", () => {
    const place = join(directory, "committed");
    mkdirSync(place);
    const file = { ...changed({}).reference, bounds: [], runs: [run] };
    writeFileSync(join(place, "reference.json"), JSON.stringify(file));
    writeFileSync(join(place, "trace.csv"), "run,step,loss\n0,0,4\n0,1,2\n");
    expect(committedReferenceChecks(verified, place)).toMatchObject([
      { name: "coverage", outcome: "passed", detail: "1 of 1 runs: 2 steps each, outcomes and bounds" },
      { name: "tolerance of the bounds", outcome: "passed" },
      { name: "lars", outcome: "passed", detail: "agrees" },
    ]);
  });

  it("a bug is no result", () => {
    const reading = () => committedReferenceChecks(verified, undefined as unknown as string);
    expect(reading).toThrow(TypeError);
  });
});

describe("as one claim", () => {
  const of = (name: string, outcome: Check["outcome"]): Check => ({
    ...{ experiment: "one", kind: "reference", name, outcome },
    detail: `detail of ${name}`,
  });
  const row = {
    claim: "traces, outcomes and bounds are those of the committed reference",
    source: "here",
    expected: "agreement",
  };

  test.each<[checks: Check[], verdict: string, measured: string]>([
    [[of("a", "passed"), of("b", "passed")], "met", "detail of a"],
    [[of("a", "passed"), of("b", "not checked")], "not checked", "b: detail of b"],
    [
      [of("a", "not checked"), of("b", "failed"), of("c", "failed"), of("d", "failed")],
      "not met",
      "b: detail of b; and 2 more",
    ],
    [[of("a", "not checked"), of("b", "not checked")], "not checked", "a: detail of a; and 1 more"],
  ])("%#", (checks, verdict, measured) => {
    expect(referenceClaim(checks, "here")).toEqual({ ...row, verdict, measured });
  });
});
