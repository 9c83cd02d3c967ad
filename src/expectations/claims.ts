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
  /** Path of a picture of the runs, from the same place as the config; absent where there is none. */
  readonly figure?: string;
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
  facts: Pick<ExperimentClaims, "name" | "description" | "config" | "figure">,
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

/** One line of claims.csv and of the tables of the pages. */
export interface ClaimRow {
  readonly claim: string;
  readonly source: string;
  readonly expected: string;
  readonly measured: string;
  readonly verdict: "met" | "not met" | "not checked" | "held" | "violated" | "not applicable";
}

export function boundRow(finding: BoundFinding): ClaimRow {
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

export const findingRow = ({ claim, source, expected, measured, met, runs }: Finding): ClaimRow => ({
  claim,
  source,
  expected,
  measured: runs > 1 ? `${measured} (${runs} runs)` : measured,
  verdict: met ? "met" : "not met",
});

/** All rows of an experiment: what its config claims, what else was checked, the bounds. */
export const rowsOf = ({ findings, bounds, others }: ExperimentClaims): ClaimRow[] => [
  ...findings.map(findingRow),
  ...others,
  ...bounds.map(boundRow),
];

export const isBad = ({ verdict }: ClaimRow) => verdict === "not met" || verdict === "violated";

/** Claims that failed: expectations that were not met, bounds that were violated, runs that could not be made. */
export const failuresIn = (claims: ExperimentClaims) => rowsOf(claims).filter(isBad).length + claims.failures.length;

/** A row of claims.csv: a claim with the experiment it is of, and what that was made on. */
export type ClaimRecord = ClaimRow & Pick<ExperimentClaims, "config" | "setting"> & { readonly experiment: string };

const columns = ["experiment", "config", "setting", "claim", "source", "expected", "measured", "verdict"] as const;

/** The rows of claims.csv. */
export const recordsOf = (experiments: readonly ExperimentClaims[]): ClaimRecord[] =>
  experiments.flatMap((claims) =>
    rowsOf(claims).map((row) => ({ experiment: claims.name, config: claims.config, setting: claims.setting, ...row })),
  );

/** claims.csv: one row a claim. */
export const claimsCsv = (experiments: readonly ExperimentClaims[]): string =>
  csvLines([columns, ...recordsOf(experiments).map((record) => columns.map((column) => record[column]))]);

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
