import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { versionsOf } from "../../src/config/identity.js";
import type { RunConfig } from "../../src/config/schema.js";
import type { BoundFinding } from "../../src/expectations/bound-findings.js";
import type { Finding } from "../../src/expectations/evaluate.js";
import type { Manifest } from "../../src/results/manifest.js";
import { type Check, checksOf, type Verified, verifiedOf } from "../../src/verification/check.js";
import { countsText, junit, markdownSummary } from "../../src/verification/formats.js";
import { repetitionChecks } from "../../src/verification/repetition.js";
import { selfCheckClaims } from "../../src/verification/self-check.js";
import { temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Leaves a file of a run in a directory of results. */
function leave(results: string, id: string, name: string, text: string) {
  mkdirSync(join(directory, results, "runs", id), { recursive: true });
  writeFileSync(join(directory, results, "runs", id, name), text);
  return { [name]: { bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") } };
}

const config = {
  ...{ name: "one", problem: { name: "scalar" }, bounds: "auto" },
  optimizer: { name: "lars", learningRate: 0.1 },
} as unknown as RunConfig;

const manifest = {
  ...{ id: "lars-1", label: "lars seed=0", status: "completed", config, versions: versionsOf(builtIn, config) },
  files: leave("one", "lars-1", "trace.csv", "step,loss\n0,2\n1,1\n"),
} as unknown as Manifest;

const verified: Verified = {
  ...{ name: "one", directory: join(directory, "one"), registry: builtIn },
  ...{ manifests: [manifest], findings: [], bounds: [], failures: [] },
};
const nowhere = join(directory, "nowhere");
const checks = (change: Partial<Verified>, kind: Check["kind"]) =>
  checksOf({ ...verified, ...change }, nowhere)
    .filter((check) => check.kind === kind)
    .map(({ experiment, name, outcome, detail }) => {
      expect(experiment).toBe("one");
      return [name, outcome, detail];
    });
const withRun = (change: object) => ({ manifests: [{ ...manifest, ...change } as Manifest] });

describe("runs", () => {
  test("that are finished and as they were", () => {
    expect(checks({}, "run")).toEqual([["runs", "passed", "1 finished"]]);
    expect(checks(withRun({ status: "diverged" }), "run")).toEqual([["runs", "passed", "1 finished"]]);
  });

  test.each<[what: string, change: Partial<Verified>, name: string, detail: string]>([
    ["not made", { failures: ["sgd seed=0: no memory"] }, "sgd seed=0", "sgd seed=0: no memory"],
    ["not ended", withRun({ status: "running" }), "lars seed=0", "lars seed=0: running"],
    [
      "interrupted",
      withRun({ status: "interrupted", stopReason: "by SIGINT: twice" }),
      "lars seed=0",
      "lars seed=0: interrupted, by SIGINT: twice",
    ],
    [
      "changed, in files of the same length",
      withRun({ files: { "trace.csv": { ...manifest.files!["trace.csv"]!, sha256: "0" } } }),
      "lars seed=0",
      "lars seed=0: trace.csv has been changed",
    ],
    [
      "made by other code",
      withRun({ versions: undefined }),
      "lars seed=0",
      "lars seed=0: it was made by an older version of the tool; run it again",
    ],
  ])("%s", (_, change, name, detail) => {
    expect(checks(change, "run")).toEqual([[name, "failed", detail]]);
  });

  test("with everything that is wrong with them", () => {
    const files = { "gone.csv": { bytes: 3, sha256: "0" } };
    const manifests = [
      { ...manifest, files, versions: undefined },
      { ...manifest, label: "other", status: "failed" },
    ];
    expect(checks({ manifests: manifests as unknown as Manifest[], failures: ["x: y"] }, "run")).toEqual([
      ["x", "failed", "x: y"],
      ["other", "failed", "other: failed"],
      ["lars seed=0", "failed", "lars seed=0: gone.csv is missing"],
      ["lars seed=0", "failed", "lars seed=0: it was made by an older version of the tool; run it again"],
    ]);
  });
});

test("bounds: violated once is failed, held nowhere is not checked", () => {
  const bound = (change: Partial<BoundFinding>): BoundFinding => ({
    ...{ bound: "radius", theorem: "T1", statement: "", held: 2, violated: 0, notApplicable: 1, checks: 9 },
    ...{ smallestSlack: 0.12345, detail: "in detail" },
    ...change,
  });
  const bounds = [bound({}), bound({ violated: 1 }), bound({ held: 0 }), bound({ held: 0, violated: 3 })];
  expect(checks({ bounds }, "bound")).toEqual([
    ["T1 radius", "passed", "held in 9 checks, smallest slack 0.123"],
    ["T1 radius", "failed", "in detail"],
    ["T1 radius", "not checked", "in detail"],
    ["T1 radius", "failed", "in detail"],
  ]);
});

test("expectations are met or not", () => {
  const finding = { claim: "it falls", source: "here", met: true, runs: 1, expected: "below 1", measured: "0.5" };
  const findings: Finding[] = [finding, { ...finding, met: false, measured: "2" }];
  expect(checks({ findings }, "expectation")).toEqual([
    ["it falls", "passed", "expected below 1; measured 0.5"],
    ["it falls", "failed", "expected below 1; measured 2"],
  ]);
});

test("everything is checked, the reference last, which is not there", () => {
  expect(checksOf(verified, nowhere).map(({ kind, outcome }) => [kind, outcome])).toEqual([
    ["run", "passed"],
    ["reference", "not checked"],
  ]);
});

test("of an experiment's result the bounds are told from its runs", () => {
  const verdicts = { "norm-ratio": { outcome: "held", checks: 4, smallestSlack: 0.5, meanSlack: 0.5 } };
  const result = { ...verified, ...withRun({ verdicts }) } as unknown as Parameters<typeof verifiedOf>[1];
  const { bounds, ...rest } = verifiedOf({ name: "one", registry: builtIn }, result);
  expect(rest).toEqual({
    ...{ name: "one", directory: verified.directory, registry: builtIn },
    ...{ manifests: result.manifests, findings: [], failures: [] },
  });
  expect(bounds).toMatchObject([{ bound: "norm-ratio", held: 1, checks: 4 }]);
});

describe("two executions of the same runs", () => {
  const layers = "step,layer,norm_ratio\n0,a,0.1\n1,a,0.1\n";
  let count = 0;
  const again = (files: Record<string, string>, manifests = [manifest]) => {
    const results = `again-${++count}`;
    for (const [name, text] of Object.entries(files)) leave(results, "lars-1", name, text);
    const check = repetitionChecks(verified, { ...verified, directory: join(directory, results), manifests })[0]!;
    expect(check).toMatchObject({ experiment: "one", kind: "repetition", name: "lars seed=0" });
    return [check.outcome, check.detail];
  };
  leave("one", "lars-1", "layers.csv", layers);
  leave("one", "lars-1", "weights.npz", "bytes");
  const own = { "trace.csv": "step,loss\n0,2\n1,1\n", "layers.csv": layers, "weights.npz": "bytes" };

  test.each<[what: string, files: Record<string, string>, found: string]>([
    [
      "another number, however little it differs",
      { ...own, "trace.csv": "step,loss\n0,2\n1,1.0000000000000002\n" },
      "column loss: first at step 1, 1.0000000000000002 in place of 1 (relative difference up to 2.22e-16), 1 of 2 lines",
    ],
    [
      "the earliest of both traces",
      { ...own, "trace.csv": "step,loss\n0,2\n1,2\n", "layers.csv": layers.replace("0,a,0.1", "0,a,0.2") },
      "column norm_ratio, layer a: first at step 0, 0.2 in place of 0.1 (relative difference up to 1.00), 1 of 2 lines; then loss at 1",
    ],
    ["other weights", { ...own, "weights.npz": "other" }, "weights.npz"],
    ["no weights, and no layers", { "trace.csv": own["trace.csv"] }, "layers.csv, weights.npz"],
    ["the same numbers in another form", { ...own, "trace.csv": "step,loss\n0,2\n1,1" }, "trace.csv"],
  ])("part in %s", (_, files, found) => {
    expect(again(files)).toEqual(["failed", `rule lars: ${found}`]);
  });

  test("are the same bytes, or one of them is not there", () => {
    expect(again(own)).toEqual(["passed", "the same bytes twice"]);
    expect(again({ ...own, "trace.csv": "step,loss\n0,9\n1,1\n" }, [])).toEqual(["failed", "rule lars: trace.csv"]);
  });
});

const check = (experiment: string, outcome: Check["outcome"], change: Partial<Check> = {}): Check => ({
  ...{ experiment, kind: "bound", name: "T1", outcome, detail: "why" },
  ...change,
});
const three = [check("a", "passed"), check("b", "failed"), check("a", "not checked"), check("b", "passed")];

describe("in numbers and files", () => {
  test.each<[checks: Check[], text: string]>([
    [three, "2 passed, 1 failed, 1 not checked"],
    [[three[0]!], "1 passed"],
    [[three[1]!], "0 passed, 1 failed"],
    [[three[2]!], "0 passed, 1 not checked"],
    [[], "0 passed"],
  ])("%#", (checks, text) => {
    expect(countsText(checks)).toBe(text);
  });

  test("as JUnit XML", () => {
    expect(
      junit([...three, check("a", "failed", { name: 'a<b>"c"&\t\r\nd', detail: "\u0000" })]),
    ).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a" tests="3" failures="1" skipped="1">
    <testcase classname="a.bound" name="T1"/>
    <testcase classname="a.bound" name="T1"><skipped message="why"/></testcase>
    <testcase classname="a.bound" name="a&lt;b&gt;&quot;c&quot;&amp;   d"><failure message="␀"/></testcase>
  </testsuite>
  <testsuite name="b" tests="2" failures="1" skipped="0">
    <testcase classname="b.bound" name="T1"><failure message="why"/></testcase>
    <testcase classname="b.bound" name="T1"/>
  </testsuite>
</testsuites>
`);
  });

  test("as a step summary", () => {
    expect(
      markdownSummary([...three, check("*c*", "failed", { kind: "run", name: "x | y" })]),
    ).toBe(`## Verification failed: 2 passed, 2 failed, 1 not checked

| experiment | kind | check | found |
| --- | --- | --- | --- |
| b | bound | T1 | why |
| \\*c\\* | run | x \\| y | why |

| experiment | passed | failed | not checked |
| --- | --- | --- | --- |
| a | 1 | 0 | 1 |
| b | 1 | 1 | 0 |
| \\*c\\* | 0 | 1 | 0 |
`);
    expect(markdownSummary([three[0]!])).toBe(`## Verification passed: 1 passed

| experiment | passed | failed | not checked |
| --- | --- | --- | --- |
| a | 1 | 0 | 0 |
`);
  });
});

test("self-checks as claims", () => {
  const found = [check("self-check", "passed", { name: "steps" }), check("self-check", "failed", { name: "other" })];
  const row = { source: "the checks themselves", expected: "violated", measured: "why" };
  expect(selfCheckClaims(found)).toEqual({
    ...{ name: "self-check", config: "src/verification/self-check.ts", findings: [], bounds: [], failures: [] },
    description: expect.stringContaining("1e-8 in float64, 0.001 in float32"),
    setting: "2 runs on float64, checked to either precision",
    others: [
      { ...row, claim: "noticed: steps", verdict: "met" },
      { ...row, claim: "noticed: other", verdict: "not met" },
    ],
  });
});
