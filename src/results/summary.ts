import { readdirSync } from "node:fs";
import { join } from "node:path";
import { onDisk, writeAtomically } from "../base/files.js";
import type { Precision } from "../compute/algebra.js";
import { type CsvOptions, csvLines, type Field, formatNumber } from "../trace/csv-file.js";
import { type Manifest, readManifest } from "./manifest.js";
import { outcomeOf, quantities, quantityNames, selectedOf } from "./quantities.js";

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
  value === undefined ? undefined : formatNumber(value, precision as Precision);

/** A column of summary.csv: what the README documents and what is written, in one table. */
export interface SummaryColumn {
  readonly name: string;
  readonly meaning: string;
  readonly value: (manifest: Manifest) => Field;
  /** Left out where no run has a value. */
  readonly isOptional?: boolean;
}

const column = (name: string, meaning: string, value: SummaryColumn["value"]): SummaryColumn => ({
  name,
  meaning,
  value,
});

const before: readonly SummaryColumn[] = [
  column("id", "the run's directory under `runs`", (m) => m.id),
  column(
    "status",
    "completed, diverged, stopped (at a rung of a search), failed, interrupted or running",
    (m) => m.status,
  ),
  column("stop_reason", "why the run ended before its last step", (m) => m.stopReason),
  column("optimizer", "label of the optimizer", (m) => m.optimizer),
  column("seed", "root of the random streams", (m) => m.seed),
];

const outcomes = quantityNames.flatMap((quantity) =>
  (["final", "best"] as const).map((kind): SummaryColumn => {
    const { column: name, meaning, isOptional = false } = quantities[quantity];
    const value = (m: Manifest) => measured(m, outcomeOf(m, kind, quantity));
    return { ...column(`${kind}_${name}`, `${kind} ${meaning}`, value), isOptional };
  }),
);

/** Of the evaluation that tuning would stop at. */
const selected = (["testLoss", "testAccuracy"] as const).map((quantity) =>
  column(`selected_${quantities[quantity].column}`, `${quantities[quantity].meaning}, at that step`, (m) =>
    measured(m, selectedOf(m, quantity)),
  ),
);

const after: readonly SummaryColumn[] = [
  column("steps", "updates made", (m) => m.outcome?.steps),
  ...outcomes,
  column(
    "selected_step",
    "step with the smallest validation loss of all evaluations",
    (m) => m.outcome?.selected?.step,
  ),
  ...selected,
  column("dataset", "the data set really used", (m) => m.dataset?.name),
  column("dataset_fallback_for", "the one asked for, where it could not be had", (m) => m.dataset?.fallbackFor),
  column("backend", "where it was computed", (m) => m.backend.name),
  column("verdicts", "how the bounds that apply ended", verdictText),
  column("wall_seconds", "computing time", (m) => m.wallSeconds),
];

/** Every column but those of the axes, which stand between the seed and the steps. */
export const summaryColumns: readonly SummaryColumn[] = [...before, ...after];

const axisValue = (value: unknown): Field =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Field);

/** The column of an axis; one whose path is the name of another column is called sweep.…: no name stands twice. */
function axisColumn(axis: string): SummaryColumn {
  const isTaken = summaryColumns.some(({ name }) => name === axis);
  return column(isTaken ? `sweep.${axis}` : axis, "", ({ axes }) => axisValue(axes[axis]));
}

/** summary.csv of these runs: one row a run, one column an axis. */
export function summaryCsv(manifests: readonly Manifest[], options?: CsvOptions): string {
  const axes = [...new Set(manifests.flatMap(({ axes }) => Object.keys(axes)))];
  const isShown = ({ isOptional, value }: SummaryColumn) =>
    !isOptional || manifests.some((manifest) => value(manifest) !== undefined);
  const columns = [...before, ...axes.map(axisColumn), ...after].filter(isShown);
  const rows = manifests.map((m) => columns.map(({ value }) => value(m)));
  return csvLines([columns.map(({ name }) => name), ...rows], options);
}

/** Collects summary.csv anew from the manifests. */
export function writeSummary(experimentDirectory: string, options?: CsvOptions): void {
  writeAtomically(join(experimentDirectory, "summary.csv"), summaryCsv(manifestsOf(experimentDirectory), options));
}
