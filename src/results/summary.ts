import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Precision } from "../compute/algebra.js";
import { csvLines, type Field, formatNumber } from "../trace/csv-file.js";
import { onDisk, writeAtomically } from "./files.js";
import { type Manifest, readManifest } from "./manifest.js";

export const runsDirectory = (experimentDirectory: string) => join(experimentDirectory, "runs");

/** Copies that were set aside before a run was made again end in ~1, ~2, … */
export const isSetAside = (name: string) => /~\d+$/.test(name);

/** The manifests of an experiment's runs, sorted by id. */
export function manifestsOf(experimentDirectory: string): Manifest[] {
  const directory = runsDirectory(experimentDirectory);
  return onDisk("read", directory, () => readdirSync(directory))
    .filter((name) => !isSetAside(name))
    .sort()
    .flatMap((name) => readManifest(join(directory, name)) ?? []);
}

function verdictText({ verdicts }: Manifest): string {
  return Object.entries(verdicts ?? {})
    .filter(([, { outcome }]) => outcome !== "not applicable")
    .map(([name, { outcome }]) => `${name}: ${outcome}`)
    .join("; ");
}

/** A measured number, to the digits its run's precision has. */
const measured = ({ precision }: Manifest, value: number | undefined): Field =>
  value === undefined ? undefined : formatNumber(Number(value), precision as Precision);

type SummaryColumn = readonly [name: string, value: (manifest: Manifest) => Field];

const before: readonly SummaryColumn[] = [
  ["id", (m) => m.id],
  ["status", (m) => m.status],
  ["stop_reason", (m) => m.stopReason],
  ["optimizer", (m) => m.optimizer],
  ["seed", (m) => m.seed],
];

const after: readonly SummaryColumn[] = [
  ["steps", (m) => m.outcome?.steps],
  ["final_loss", (m) => measured(m, m.outcome?.finalLoss)],
  ["best_loss", (m) => measured(m, m.outcome?.bestLoss)],
  ["final_test_accuracy", (m) => measured(m, m.outcome?.finalTestAccuracy)],
  ["best_test_accuracy", (m) => measured(m, m.outcome?.bestTestAccuracy)],
  ["dataset", (m) => m.dataset?.name],
  ["dataset_fallback_for", (m) => m.dataset?.fallbackFor],
  ["backend", (m) => m.backend.name],
  ["verdicts", verdictText],
  ["wall_seconds", (m) => m.wallSeconds],
];

const axisValue = (value: unknown): Field =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Field);

/** summary.csv of these runs: one row a run, one column an axis. */
export function summaryCsv(manifests: readonly Manifest[]): string {
  const axes = [...new Set(manifests.flatMap(({ axes }) => Object.keys(axes)))];
  const columns = [...before, ...axes.map((axis): SummaryColumn => [axis, (m) => axisValue(m.axes[axis])]), ...after];
  return csvLines([columns.map(([name]) => name), ...manifests.map((m) => columns.map(([, value]) => value(m)))]);
}

/** Collects summary.csv anew from the manifests. */
export function writeSummary(experimentDirectory: string): void {
  writeAtomically(join(experimentDirectory, "summary.csv"), summaryCsv(manifestsOf(experimentDirectory)));
}
