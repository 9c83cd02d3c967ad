import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, describe, expect, test } from "vitest";
import type { Verdict } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { boundFindings } from "../../src/expectations/bound-findings.js";
import {
  type ClaimRecord,
  claimsCsv,
  claimsOf,
  type ExperimentClaims,
  failuresIn,
  recordsOf,
  tally,
} from "../../src/expectations/claims.js";
import { compareClaims, readClaims } from "../../src/expectations/claims-comparison.js";
import { claimsPages } from "../../src/expectations/claims-pages.js";
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

const pageOf = (path: string, ...experiments: ExperimentClaims[]) =>
  claimsPages(experiments, "the command").find((page) => page.path === path)!.text;

test("the page of an experiment shows what failed in bold, and the bounds that do not apply apart", () => {
  const made = {
    ...claims({ findings: [finding(true), finding(false)], manifests: [sgd], failures: ["lars: out of memory"] }),
    figure: "docs/pictures/one.svg",
  };
  const text = pageOf("claims/one.md", made);
  const [before, after] = text.split("<details><summary>Bounds that do not apply, and why</summary>") as [
    string,
    string,
  ];
  expect(before).toContain("# one\n\nWhat is seen. [`configs/one.yaml`](../../../configs/one.yaml)\n\n1 runs on cpu. ");
  expect(before).toContain("\n![one](../../../docs/pictures/one.svg)\n");
  expect(before).toContain("\n- **failed**: lars: out of memory\n");
  expect(before).toContain("\n| it converges | eq. (1) | final loss &lt; 1 | 0.5 | met |\n");
  expect(before).toContain("| it \\| diverges | eq. (1) | final loss &lt; 1 | 2 | **not met** |\n");
  expect(before).not.toContain("norm-ratio");
  expect(after).toContain(
    "| bound | theorem | why not |\n| --- | --- | --- |\n| norm-ratio | T1 | sgd is not equation (1) |",
  );
  expect(pageOf("claims/one.md", claims({}))).not.toMatch(/<details>|!\[/);
  expect(pageOf("claims/one.md", claims({ manifests: [broken] }))).toMatch(/\| norm-ratio: .*\*\*violated\*\* \|\n/);
});

describe("CLAIMS.md", () => {
  const of = (source: string, name: string): ExperimentClaims => ({
    ...claims({ findings: [{ ...finding(true), source, claim: `of ${source}` }] }),
    name,
  });

  test("puts claims under theorems, in the order of their numbers, what is of none last", () => {
    const text = pageOf("CLAIMS.md", of("T10", "a"), of("our own", "b"), of("T4d, T6", "c"), of("T4a", "d"));
    const headings = text.match(/^## .*/gm)!;
    expect(headings.slice(0, 3)).toEqual(["## T4", "## T10", "## Of no theorem"]);
    const [, fourth] = text.split(/^## /m);
    expect(fourth).toContain(
      "Statements and proofs: [T4a](../../docs/theory.md#t4a), [T4d](../../docs/theory.md#t4d).",
    );
    expect(fourth).toContain(
      "| T4d, T6 | of T4d, T6 | 0.5 | met | [c](claims/c.md) |\n| T4a | of T4a | 0.5 | met | [d]",
    );
    const drawn = pageOf("CLAIMS.md", { ...of("T1", "a"), figure: "docs/a.svg" });
    expect(drawn).toContain("| met | [a](claims/a.md), [figure](../../docs/a.svg) |");
  });

  test("adds each bound up over the experiments, and says where it was violated", () => {
    const twice = pageOf("CLAIMS.md", claims({ manifests: [lars, sgd] }), { ...claims({}), name: "two" });
    // 10 checks in the run of lars, twice; the run of sgd is not equation (1).
    expect(twice).toMatch(/\| T1 \| norm-ratio \| 2 \| 20 \| 0\.5 \| 1 \| held \|/);
    const violated = pageOf("CLAIMS.md", claims({ manifests: [broken] }));
    expect(violated).toMatch(/\| T1 \| norm-ratio \| 0 \| 9 \| -0\.5 \| 0 \| \*\*violated in 1 runs\*\* \|/);
  });

  test("says on what the experiments were made, and what could not be", () => {
    const made = claims({ failures: ["lars: out of memory"] });
    const text = pageOf("CLAIMS.md", made, { ...made, name: "two", setting: "3 runs on wasm, data mnist" });
    expect(text).toContain("Written by `the command`: 2 claims: 2 held. `the command --check` makes the runs again");
    expect(text).toContain("- cpu: one\n- wasm, data mnist: two\n");
    expect(text).toContain("- **failed**: one: lars: out of memory\n");
  });
});

describe("claims made again", () => {
  const record = (over: Partial<ClaimRecord>): ClaimRecord => ({
    ...{ experiment: "one", config: "configs/one.yaml", setting: "3 runs on float64", claim: "it converges" },
    ...{ source: "T1", expected: "loss < 1", measured: "0.5", verdict: "met" },
    ...over,
  });
  const elsewhere = { setting: "3 runs on wasm, data mnist" };

  test.each<[what: string, now: ClaimRecord[], committed: ClaimRecord[], differences: string[], counts: number[]]>([
    ["are the same", [record({})], [record({})], [], [1, 0, 0]],
    [
      "measure something else",
      [record({ measured: "0.6" })],
      [record({})],
      ["one: it converges: measured 0.6 in place of 0.5"],
      [1, 0, 0],
    ],
    [
      "have another verdict",
      [record({ measured: "2", verdict: "not met" })],
      [record({})],
      ["one: it converges: verdict not met in place of met"],
      [1, 0, 0],
    ],
    [
      "have more runs",
      [record({ setting: "4 runs on float64" })],
      [record({})],
      ["one: it converges: setting 4 runs on float64 in place of 3 runs on float64"],
      [1, 0, 0],
    ],
    [
      "measure something else on another backend",
      [record({ ...elsewhere, measured: "0.6" })],
      [record({})],
      [],
      [0, 1, 0],
    ],
    [
      "have another verdict on another backend",
      [record({ ...elsewhere, verdict: "not met" })],
      [record({})],
      ["one: it converges: verdict not met in place of met"],
      [0, 1, 0],
    ],
    [
      "were not checked on another backend",
      [record({ ...elsewhere, verdict: "not checked" })],
      [record({})],
      [],
      [0, 0, 1],
    ],
    [
      "are others",
      [record({ claim: "it stays" })],
      [record({})],
      ["one: it stays: is not among the committed claims", "one: it converges: is a committed claim that was not made"],
      [0, 0, 0],
    ],
    [
      "come twice, once differently",
      [record({}), record({ measured: "7" })],
      [record({}), record({ measured: "8" })],
      ["one: it converges: measured 7 in place of 8"],
      [2, 0, 0],
    ],
  ])("that %s", (_, now, committed, differences, [compared, byVerdict, notCompared]) => {
    expect(compareClaims(now, committed)).toMatchObject({ differences, compared, byVerdict, notCompared });
  });

  test("are told with the backend and the data that they were made on", () => {
    expect(compareClaims([record(elsewhere), record({ ...elsewhere, claim: "x" })], [record({})]).elsewhere).toEqual([
      "one: wasm, data mnist in place of float64",
    ]);
  });

  test("are read from claims.csv as they were written", () => {
    const path = join(directory, "claims.csv");
    const made = [claims({ findings: [finding(true, 3), finding(false)], manifests: [lars, sgd] })];
    writeFileSync(path, claimsCsv(made));
    expect(readClaims(path)).toEqual(recordsOf(made));
    writeFileSync(path, "experiment,claim\none,two\n");
    expect(() => readClaims(path)).toThrow(
      /claims\.csv is no table of claims; expected what run-experiment reproduce writes/,
    );
    expect(() => readClaims(join(directory, "nowhere.csv"))).toThrow(/there is no .*nowhere\.csv to compare with; /);
  });
});
