import { rmSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { afterAll, expect, test } from "vitest";
import type { Verdict } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { boundFindings } from "../../src/expectations/bound-findings.js";
import {
  claimsCsv,
  claimsMarkdown,
  claimsOf,
  type ExperimentClaims,
  failuresIn,
  tally,
} from "../../src/expectations/claims.js";
import type { Finding } from "../../src/expectations/evaluate.js";
import type { Manifest } from "../../src/results/manifest.js";
import { temporaryDirectory } from "../report/support.js";
import { writeRuns } from "./runs.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const manifests = writeRuns(directory);
const [lars, , , sgd, broken] = manifests as [Manifest, Manifest, Manifest, Manifest, Manifest];

const finding = (met: boolean, runs = 1): Finding => ({
  claim: met ? "it converges" : "it | diverges",
  source: "eq. (1)",
  expected: "final loss < 1",
  measured: met ? "0.5" : "2",
  met,
  runs,
});

const facts = { name: "one", description: "What is seen.", config: "configs/one.yaml" };
const claims = (over: object): ExperimentClaims =>
  claimsOf(facts, bounds, { findings: [], failures: [], manifests: [lars], ...over }, []);

test("a bound's checks are added up over the runs, its slack is the smallest, and a violation is told in full", () => {
  expect(boundFindings(bounds, manifests)).toEqual([
    expect.objectContaining({
      bound: "norm-ratio",
      theorem: "T1",
      held: 3,
      violated: 1,
      notApplicable: 1,
      checks: 10 + 5 + 1 + 9,
      smallestSlack: -0.5,
      detail: "broken learningRate=0.1: step 7, layer a: 3 is above the bound 2",
    }),
  ]);
  const other = {
    ...sgd,
    verdicts: { "norm-ratio": { outcome: "not applicable", reason: "it was short" } as Verdict },
  };
  const [none] = boundFindings(bounds, [sgd, sgd, other]);
  expect(none).toMatchObject({ held: 0, violated: 0, notApplicable: 3, checks: 0 });
  expect(none).not.toHaveProperty("smallestSlack");
  expect(none!.detail).toBe("sgd is not equation (1); it was short");
  const unlayered = { ...broken.verdicts!["norm-ratio"]!, layer: undefined } as unknown as Verdict;
  expect(boundFindings(bounds, [{ ...broken, verdicts: { "norm-ratio": unlayered } }])[0]!.detail).toContain(
    "step 7: 3 is",
  );
  expect(boundFindings(bounds, [{ ...lars, verdicts: {} }])).toEqual([]);
});

test("what failed is counted: claims not met, bounds violated, runs not made", () => {
  expect(failuresIn(claims({ findings: [finding(true)] }))).toBe(0);
  expect(failuresIn(claims({ findings: [finding(true), finding(false)] }))).toBe(1);
  expect(failuresIn(claims({ manifests }))).toBe(1);
  expect(failuresIn(claims({ manifests, findings: [finding(false)], failures: ["a: failed", "b: failed"] }))).toBe(4);
});

test("the tally names each verdict with its number", () => {
  expect(tally([claims({ findings: [finding(true), finding(true)] })])).toBe("3 claims: 2 met, 1 held");
  expect(tally([claims({ findings: [finding(false)], manifests: [sgd] }), claims({ manifests: [broken] })])).toBe(
    "2 claims: 1 not met, 1 violated; 1 bounds do not apply",
  );
});

test("claims.csv has one row a claim, with the setting it was made in", () => {
  const dataset = { name: "synthetic-digits", source: "", checksum: "" };
  const fallback = { ...lars, dataset: { ...dataset, fallbackFor: "mnist" } };
  const mixed = [lars, sgd, { ...sgd, backend: { ...lars.backend, name: "wasm" }, dataset }, fallback];
  const rows = parse(claimsCsv([claims({ findings: [finding(true, 3), finding(false)], manifests: mixed })]), {
    columns: true,
  });
  const setting = "4 runs on cpu and wasm, data synthetic-digits and synthetic-digits in place of mnist";
  const common = { experiment: "one", config: "configs/one.yaml", setting };
  const numbers = { source: "eq. (1)", expected: "final loss < 1" };
  expect(rows).toEqual([
    { ...common, ...numbers, claim: "it converges", measured: "0.5 (3 runs)", verdict: "met" },
    { ...common, ...numbers, claim: "it | diverges", measured: "2", verdict: "not met" },
    expect.objectContaining({
      claim: expect.stringMatching(/^norm-ratio: ‖w/),
      source: "T1",
      expected: "held",
      verdict: "held",
      measured: "20 checks in 2 runs, smallest slack 0.5; not applicable to 2 runs: sgd is not equation (1)",
    }),
  ]);
  const [one] = parse(claimsCsv([claims({})]), { columns: true }) as Record<string, string>[];
  expect(one).toMatchObject({ setting: "1 runs on cpu", measured: "10 checks in 1 run, smallest slack 0.5" });
  const [violated] = parse(claimsCsv([claims({ manifests: [broken, lars] })]), { columns: true }) as typeof rows;
  expect(violated).toMatchObject({ verdict: "violated", measured: expect.stringMatching(/^broken .*: step 7/) });
});

test("CLAIMS.md shows what failed in bold, and the bounds that do not apply apart", () => {
  const text = claimsMarkdown(
    [claims({ findings: [finding(true), finding(false)], manifests: [sgd], failures: ["lars: out of memory"] })],
    "the command",
  );
  const [before, after] = text.split("<details><summary>Bounds that do not apply, and why</summary>") as [
    string,
    string,
  ];
  expect(before).toContain("Written by `the command`: 2 claims: 1 met, 1 not met; 1 bounds do not apply.");
  expect(before).toContain("\n## one\n\nWhat is seen. [`configs/one.yaml`](../../configs/one.yaml)\n1 runs on cpu.\n");
  expect(before).toContain("\n- **failed**: lars: out of memory\n");
  expect(before).toContain("\n| it converges | eq. (1) | final loss &lt; 1 | 0.5 | met |\n");
  expect(before).toContain("| it \\| diverges | eq. (1) | final loss &lt; 1 | 2 | **not met** |\n");
  expect(before).not.toContain("norm-ratio");
  expect(after).toContain(
    "| bound | theorem | why not |\n| --- | --- | --- |\n| norm-ratio | T1 | sgd is not equation (1) |",
  );
  expect(claimsMarkdown([claims({})], "x")).not.toContain("<details>");
  expect(claimsMarkdown([claims({ manifests: [broken] })], "x")).toMatch(/\| norm-ratio: .*\*\*violated\*\* \|\n/);
});
