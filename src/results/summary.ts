import { readdirSync } from "node:fs";
import { join } from "node:path";
import { onDisk, writeAtomically } from "../base/files.js";
import { isObject } from "../base/path.js";
import type { Precision } from "../compute/algebra.js";
import { type CsvOptions, csvLines, type Field, formatNumber } from "../trace/csv-file.js";
import { type Manifest, readManifest } from "./manifest.js";
import { outcomeOf, quantities, quantityNames, selectedOf } from "./quantities.js";
import { costOf, costs } from "./to-target.js";

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

const whereAny = (one: SummaryColumn): SummaryColumn => ({ ...one, isOptional: true });

/** λ_0 before any warm-up and how it goes on, of a rate given as a number or as a schedule. */
function rateOf({ optimizer }: Manifest["config"]): { initial?: Field; schedule?: Field } {
  const { learningRate } = optimizer as { learningRate?: unknown };
  if (typeof learningRate === "number") return { initial: learningRate, schedule: "constant" };
  return isObject(learningRate) ? learningRate : {};
}

const before: readonly SummaryColumn[] = [
  column("id", "the run's directory under `runs`", (m) => m.id),
  column("label", "what the run is called", (m) => m.label),
  column(
    "status",
    "completed, diverged, stopped (at a rung of a search), failed, interrupted or running",
    (m) => m.status,
  ),
  column("stop_reason", "why the run ended before its last step", (m) => m.stopReason),
  column("optimizer", "label of the optimizer", (m) => m.optimizer),
  column("rule", "name of its update rule", (m) => m.config.optimizer.name),
  column("seed", "root of the random streams", (m) => m.seed),
  column("learning_rate", "λ_0, before any warm-up", (m) => rateOf(m.config).initial),
  column("schedule", "how the learning rate goes on from there", (m) => rateOf(m.config).schedule),
  column("batch_size", "examples a step, or full", (m) => m.config.batchSize),
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

const normRatio = (["smallest", "largest"] as const).map((end) =>
  column(`${end}_norm_ratio`, `${end} relative size of an update, of all traced steps and layers`, (m) => {
    const value = m.outcome?.normRatio?.[end];
    return measured(m, value === undefined ? undefined : Number(value));
  }),
);

const toTarget = costs.map((cost) =>
  whereAny(
    column(
      `${cost}_to_target`,
      `${cost === "seconds" ? "computing seconds" : cost} until the first evaluation that met the target, \`Infinity\` where none did`,
      (m) => costOf(m, cost),
    ),
  ),
);

const after: readonly SummaryColumn[] = [
  column("steps", "updates made", (m) => m.outcome?.steps),
  ...toTarget,
  ...outcomes,
  column(
    "selected_step",
    "step with the smallest validation loss of all evaluations",
    (m) => m.outcome?.selected?.step,
  ),
  ...selected,
  ...normRatio,
  column("dataset", "the data set really used", (m) => m.dataset?.name),
  column("dataset_fallback_for", "the one asked for, where it could not be had", (m) => m.dataset?.fallbackFor),
  column("backend", "where it was computed", (m) => m.backend.name),
  column("warnings", "what is wrong with a run that completed, e.g. that it is stuck at chance", (m) =>
    m.warnings?.join("; "),
  ),
  column("wall_seconds", "computing time", (m) => m.wallSeconds),
];

/** Every column but those of the axes, which stand before the steps, and those of the bounds, before the warnings. */
export const summaryColumns: readonly SummaryColumn[] = [...before, ...after];

/** A value of an axis as CSV files have it. */
export const axisValue = (value: unknown): Field =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : (value as Field);

const axisColumn = (axis: string): SummaryColumn =>
  column(`axis.${axis}`, "value on this axis of the sweep", ({ axes }) => axisValue(axes[axis]));

const boundColumn = (bound: string): SummaryColumn =>
  column(`bound_${bound}`, "held, violated or not applicable", ({ verdicts }) => verdicts?.[bound]?.outcome);

/** The bounds that were checked in some run, in the order in which they come. */
function checkedBounds(manifests: readonly Manifest[]): string[] {
  const checked = new Set<string>();
  for (const { verdicts = {} } of manifests) {
    for (const bound in verdicts) if (verdicts[bound]!.outcome !== "not applicable") checked.add(bound);
  }
  return [...checked];
}

/** What a table of these runs tells of each, besides what a run comes to. */
export function identifyingColumns(manifests: readonly Manifest[]): SummaryColumn[] {
  const axes = new Set(manifests.flatMap(({ axes }) => Object.keys(axes)));
  return [...before, ...[...axes].map(axisColumn)];
}

/** The columns of summary.csv that these runs have: one an axis and a bound among them. */
export function summaryTableColumns(manifests: readonly Manifest[]): SummaryColumn[] {
  const isShown = ({ isOptional, value }: SummaryColumn) =>
    !isOptional || manifests.some((manifest) => value(manifest) !== undefined);
  const bounds = checkedBounds(manifests).map(boundColumn);
  const beforeBounds = after.findIndex(({ name }) => name === "warnings");
  return [...identifyingColumns(manifests), ...after.toSpliced(beforeBounds, 0, ...bounds)].filter(isShown);
}

/** The lines of summary.csv, the header first: one row a run. */
function* summaryLines(manifests: readonly Manifest[], options?: CsvOptions): Generator<string> {
  const columns = summaryTableColumns(manifests);
  yield csvLines([columns.map(({ name }) => name)], options);
  for (const manifest of manifests) yield csvLines([columns.map(({ value }) => value(manifest))], options);
}

/** summary.csv of these runs: one row a run, one column an axis and a bound. */
export const summaryCsv = (manifests: readonly Manifest[], options?: CsvOptions): string =>
  [...summaryLines(manifests, options)].join("");

/**
 * Collects summary.csv anew from the manifests.
 *
 * @param complete what the manifests do not tell of a run, e.g. when it met the target
 */
export function writeSummary(
  experimentDirectory: string,
  options?: CsvOptions,
  complete: (run: Manifest) => Manifest = (run) => run,
): void {
  const manifests = manifestsOf(experimentDirectory).map(complete);
  writeAtomically(join(experimentDirectory, "summary.csv"), summaryCsv(manifests, options));
}
