import { edgeWarnings } from "../comparison/answer.js";
import type { Comparison } from "../comparison/compare.js";
import { shownLabels } from "../comparison/labels.js";
import { type RunColumn, runColumns } from "../comparison/run-columns.js";
import { type Target, targetWords } from "../config/target-schema.js";
import type { Finding } from "../expectations/evaluate.js";
import type { Manifest } from "../results/manifest.js";
import { columnsOf } from "./output.js";
import { duration, fittedTable, percent, short, table, wrapped } from "./table.js";
import { type Line, type Piece, type Tone, toned } from "./tone.js";

/** More runs are summed up. */
export const mostRunsShown = 20;

/** "6 held", or what was violated first. */
function boundsText({ verdicts = {} }: Manifest): Piece {
  const names = (outcome: string) => Object.keys(verdicts).filter((name) => verdicts[name]!.outcome === outcome);
  const [violated, held] = [names("violated"), names("held")];
  if (violated.length > 0) return toned("bad", `VIOLATED: ${violated.join(", ")}`);
  return held.length > 0 ? `${held.length} held` : "";
}

const tones: Readonly<Partial<Record<Manifest["status"], Tone>>> = { diverged: "warning", failed: "bad" };

/** What was seen when a run diverged is long, and in its manifest: the step says enough. */
function statusText({ status, stopReason = status }: Manifest): Piece {
  const text = status === "interrupted" ? status : status === "diverged" ? stopReason.split(":", 1)[0]! : stopReason;
  const tone = tones[status];
  return tone ? toned(tone, text) : text;
}

function row(manifest: Manifest, label: string, columns: readonly RunColumn[]): Piece[] {
  const { outcome, wallSeconds } = manifest;
  const { normRatio } = outcome ?? {};
  return [
    label,
    statusText(manifest),
    ...columns.map(({ isShare, value }) => (isShare ? percent : short)(value(manifest))),
    normRatio ? `${short(normRatio.smallest)} – ${short(normRatio.largest)}` : "",
    boundsText(manifest),
    duration(wallSeconds),
  ];
}

/** A terminal gets what has room on it, files and pipes everything. */
const room = () => (process.stdout.isTTY ? columnsOf() : Number.POSITIVE_INFINITY);

/** One row a run, and what is to be said of the ends of the axes. */
export function runLines(manifests: readonly Manifest[], comparison: Comparison): Line[] {
  const columns = runColumns(comparison.objective, manifests);
  const header = [
    { title: "run" },
    { title: "status" },
    ...columns.map(({ title }, i) => ({ title, dispensable: i === 0 ? undefined : i })),
    ...[{ title: "norm ratio", dispensable: 20 }, { title: "bounds" }, { title: "time", dispensable: 30 }],
  ];
  const labels = shownLabels(manifests.map(({ label }) => label));
  const rows = manifests.map((manifest, i) => row(manifest, labels[i]!, columns));
  const edges = edgeWarnings(comparison);
  return [
    ...fittedTable(header, rows, room()),
    ...(edges.length > 0 ? ["", ...edges.flatMap((edge) => warning(edge))] : []),
  ];
}

/** What a reader should know, marked as such. */
export const warning = (text: string, width = columnsOf()): Line[] =>
  wrapped(`! ${text}`, width).map((line): Line => [toned("warning", line)]);

/** Expectations with what became of them. */
export function findingsTable(findings: readonly Finding[]): Line[] {
  const rows = findings.map(({ met, claim, expected, measured }) => [
    met ? toned("good", "met") : toned("bad", "NOT MET"),
    claim,
    expected,
    measured,
  ]);
  return table(["expectation", "claim", "expected", "measured"], rows);
}

/** How many runs got where they were to get; what none of them measures is a slip of the config. */
export function targetLines(target: readonly Target[] | undefined, manifests: readonly Manifest[]): Line[] {
  if (!target || manifests.length === 0) return [];
  const words = targetWords(target);
  const count = (outcome: string) => manifests.filter(({ toTarget }) => toTarget?.outcome === outcome).length;
  if (count("not measured") === manifests.length) return warning(`target ${words}: no run measures it`);
  return wrapped(`target ${words}: reached by ${count("reached")} of ${manifests.length} runs`, columnsOf());
}

/** Flagged runs that are told one by one. */
const mostFlagged = 3;

/** "stuck at chance (2), dead units (1)" */
function flagCounts(warnings: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of warnings) {
    const kind = text.split(":", 1)[0]!;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${kind} (${count})`).join(", ");
}

/** Runs that completed and learned nothing. */
export function flagLines(manifests: readonly Manifest[]): Line[] {
  const flagged = manifests.flatMap(({ label, warnings = [] }) => warnings.map((text) => ({ label, text })));
  if (flagged.length <= mostFlagged) return flagged.flatMap(({ label, text }) => warning(`${label}: ${text}`));
  const counts = flagCounts(flagged.map(({ text }) => text));
  return warning(`runs that learned nothing: ${counts}; which ones: column warnings of summary.csv`);
}
