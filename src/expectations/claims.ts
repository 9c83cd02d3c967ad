import { markdownTable, markdownText } from "../base/markdown.js";
import { toDigits } from "../base/numbers.js";
import type { Bound } from "../bounds/bound.js";
import type { Manifest } from "../results/manifest.js";
import { csvLines } from "../trace/csv-file.js";
import { type BoundFinding, boundFindings } from "./bound-findings.js";
import type { Finding } from "./evaluate.js";

/** The claims of one experiment: those its config states, and the bounds its runs were held against. */
export interface ExperimentClaims {
  readonly name: string;
  readonly description: string;
  /** Path of the config, as people should type it. */
  readonly config: string;
  readonly findings: readonly Finding[];
  readonly bounds: readonly BoundFinding[];
  /** What else was checked: agreement with a committed reference. */
  readonly others: readonly ClaimRow[];
  /** Runs that could not be made, one line each. */
  readonly failures: readonly string[];
  /** On what the runs were made: backends, and the data set really used. */
  readonly setting: string;
}

function settingOf(manifests: readonly Manifest[]): string {
  const once = (texts: readonly string[]) => [...new Set(texts)].join(" and ");
  const data = manifests.flatMap(({ dataset }) =>
    dataset ? [dataset.fallbackFor ? `${dataset.name} in place of ${dataset.fallbackFor}` : dataset.name] : [],
  );
  return [`${manifests.length} runs on ${once(manifests.map(({ backend }) => backend.name))}`, once(data)]
    .filter((text) => text !== "")
    .join(", data ");
}

/** @param bounds that the runs may have been held against */
export function claimsOf(
  facts: Pick<ExperimentClaims, "name" | "description" | "config">,
  bounds: readonly Bound[],
  {
    findings,
    manifests,
    failures,
  }: Pick<ExperimentClaims, "findings" | "failures"> & { readonly manifests: readonly Manifest[] },
  others: readonly ClaimRow[],
): ExperimentClaims {
  const setting = settingOf(manifests);
  return { ...facts, findings, failures, bounds: boundFindings(bounds, manifests), others, setting };
}

/** One line of claims.csv and of the tables of CLAIMS.md. */
export interface ClaimRow {
  readonly claim: string;
  readonly source: string;
  readonly expected: string;
  readonly measured: string;
  readonly verdict: "met" | "not met" | "not checked" | "held" | "violated" | "not applicable";
}

function boundRow(finding: BoundFinding): ClaimRow {
  const { bound, statement, theorem, held, violated, notApplicable, checks, smallestSlack, detail } = finding;
  const verdict = violated > 0 ? "violated" : held > 0 ? "held" : "not applicable";
  const runs = (count: number) => `${count} run${count === 1 ? "" : "s"}`;
  const elsewhere = notApplicable > 0 && held > 0 ? `; not applicable to ${runs(notApplicable)}: ${detail}` : "";
  const measured =
    verdict === "held"
      ? `${checks} checks in ${runs(held)}, smallest slack ${toDigits(smallestSlack!, 3)}${elsewhere}`
      : detail;
  return { claim: `${bound}: ${statement}`, source: theorem, expected: "held", measured, verdict };
}

const findingRow = ({ claim, source, expected, measured, met, runs }: Finding): ClaimRow => ({
  claim,
  source,
  expected,
  measured: runs > 1 ? `${measured} (${runs} runs)` : measured,
  verdict: met ? "met" : "not met",
});

const rowsOf = ({ findings, bounds, others }: ExperimentClaims): ClaimRow[] => [
  ...findings.map(findingRow),
  ...others,
  ...bounds.map(boundRow),
];

export const isBad = ({ verdict }: ClaimRow) => verdict === "not met" || verdict === "violated";

/** Claims that failed: expectations that were not met, bounds that were violated, runs that could not be made. */
export const failuresIn = (claims: ExperimentClaims) => rowsOf(claims).filter(isBad).length + claims.failures.length;

/** claims.csv: one row a claim. */
export function claimsCsv(experiments: readonly ExperimentClaims[]): string {
  const header = ["experiment", "config", "setting", "claim", "source", "expected", "measured", "verdict"];
  const rows = experiments.flatMap((claims) =>
    rowsOf(claims).map(({ claim, source, expected, measured, verdict }) => [
      claims.name,
      claims.config,
      claims.setting,
      claim,
      source,
      expected,
      measured,
      verdict,
    ]),
  );
  return csvLines([header, ...rows]);
}

function section(claims: ExperimentClaims): string {
  const rows = rowsOf(claims);
  const applicable = rows.filter(({ verdict }) => verdict !== "not applicable");
  const others = rows.filter(({ verdict }) => verdict === "not applicable");
  const mark = (row: ClaimRow) => (isBad(row) ? `**${row.verdict}**` : row.verdict);
  return [
    `## ${markdownText(claims.name)}`,
    "",
    `${markdownText(claims.description)} [\`${claims.config}\`](../../${claims.config})`,
    `${markdownText(claims.setting)}.`,
    "",
    ...claims.failures.map((failure) => `- **failed**: ${markdownText(failure)}`),
    markdownTable(
      ["claim", "source", "expected", "measured", "verdict"],
      applicable.map((row) => [...[row.claim, row.source, row.expected, row.measured].map(markdownText), mark(row)]),
    ),
    "",
    ...(others.length > 0
      ? [
          "<details><summary>Bounds that do not apply, and why</summary>",
          "",
          markdownTable(
            ["bound", "theorem", "why not"],
            others.map(({ claim, source, measured }) => [claim.split(":", 1)[0]!, source, measured].map(markdownText)),
          ),
          "",
          "</details>",
          "",
        ]
      : []),
  ].join("\n");
}

/** "210 claims: 70 met, 140 held; 98 bounds do not apply" */
export function tally(experiments: readonly ExperimentClaims[]): string {
  const rows = experiments.flatMap(rowsOf);
  const count = (verdict: ClaimRow["verdict"]) => rows.filter((row) => row.verdict === verdict).length;
  const parts = (["met", "not met", "not checked", "held", "violated"] as const).map(
    (verdict) => [count(verdict), verdict] as const,
  );
  const notApplicable = count("not applicable");
  return [
    `${rows.length - notApplicable} claims: `,
    parts
      .filter(([number]) => number > 0)
      .map(([number, verdict]) => `${number} ${verdict}`)
      .join(", "),
    notApplicable > 0 ? `; ${notApplicable} bounds do not apply` : "",
  ].join("");
}

/** CLAIMS.md: every claim with what was measured and its verdict, for people. */
export function claimsMarkdown(experiments: readonly ExperimentClaims[], command: string): string {
  return [
    "# Claims",
    "",
    `Written by \`${command}\`: ${tally(experiments)}. Expectations are *met* or not, agreement with the committed references`,
    "among them; bounds are *held* at every step, *violated*, or do not apply. The smallest slack of a bound is (bound − measured)/|bound| over all its checks; a slack of 1e-16 below",
    "zero is rounding. T1 … T15 are explained and proved in [the theory](../../docs/theory.md).",
    "",
    ...experiments.map(section),
  ].join("\n");
}
