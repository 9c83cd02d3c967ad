import { plural } from "../base/text.js";
import type { Bound } from "../bounds/bound.js";
import { bestGroups, type Group } from "../comparison/groups.js";
import { wordsOf } from "../comparison/objective.js";
import type { OptimizerDefinition } from "../optimizers/update-rule.js";
import type { Landscape } from "../problems/problem.js";
import type { Manifest } from "../results/manifest.js";
import type { Traces } from "../results/traces.js";
import { averagedColumns, type Column, layerColumns, traceColumns } from "../trace/columns.js";
import type { ExperimentResults } from "./experiment-results.js";

/** A Vega-Lite specification without its data; the data are called "points". */
export type Spec = Readonly<Record<string, unknown>>;

export type Cell = number | string | undefined;

/** Tidy rows; `fields` names the columns. Numbers that are not finite are missing values. */
export interface FigureData {
  readonly fields: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A formula with what it stands for. */
export interface NamedFormula {
  readonly name: string;
  readonly meaning: string;
  readonly formula: string;
}

/** A figure, rendered to SVG without a browser and interactively in the page from the same specification. */
export interface Figure {
  /** Name of its file and anchor. */
  readonly id: string;
  readonly title: string;
  /** What is drawn and from how much; what has been left out. */
  readonly caption: string;
  /** What is drawn, in the notation of columns and theorems, e.g. "f(w_k) − f*". */
  readonly formulas?: readonly NamedFormula[];
  readonly spec: Spec;
  readonly data: FigureData;
  /** True if it stands with the answer, above all figures that tell how it came about. */
  readonly isAnswer?: true;
  /** Axes that the reader may switch between linear and logarithmic. */
  readonly switchable: readonly ("x" | "y")[];
}

/** What figures are made from. */
export interface FigureSource {
  readonly results: ExperimentResults;
  readonly groups: readonly Group[];
  /** All groups if few, else the best of each optimizer on each problem. */
  readonly shown: readonly Group[];
  readonly traces: Traces;
  /** The function that a run went over, where its problem has two weights and can tell. */
  readonly landscapeOf: (run: Manifest) => Landscape | undefined;
  /** Those that may be drawn with what they bound. */
  readonly bounds: readonly Bound[];
  /** Those that are at hand, which know what they promise. */
  readonly optimizers: readonly OptimizerDefinition[];
}

/** Draws one figure, or nothing where the results lack what it shows. */
export type FigureMaker = (source: FigureSource) => Figure | undefined;

/** An entry of the registry of figures. */
export interface FigureDefinition {
  readonly kind: "figure";
  /** Kebab-case, e.g. "norm-ratio". */
  readonly name: string;
  readonly make: FigureMaker;
}

/** A figure of the registry. */
export const defineFigure = (definition: Omit<FigureDefinition, "kind">): FigureDefinition => ({
  kind: "figure",
  ...definition,
});

const columns: readonly Pick<Column<never>, "name" | "meaning" | "formula" | "unit">[] = [
  ...traceColumns,
  ...averagedColumns,
  ...layerColumns,
];

const wordsOfColumn = (name: string) => name.replaceAll("_", " ");

/** What a column is, if it is one of every run's. */
export function formulaOf(name: string): NamedFormula[] {
  const column = columns.find((one) => one.name === name);
  return column ? [{ name: wordsOfColumn(name), meaning: column.meaning, formula: column.formula }] : [];
}

/** Axis title of a column: its name, its symbol and, where it says more than these, its unit. */
export function columnTitle(name: string): string {
  const column = columns.find((one) => one.name === name);
  const words = wordsOfColumn(name);
  if (!column) return words;
  const { formula, unit } = column;
  const symbol = formula.length <= 28 ? ` ${formula}` : "";
  return `${words}${symbol}${unit === "1" || unit === "" || words.includes(unit) || unit === `${words}s` ? "" : ` [${unit}]`}`;
}

/** Says which groups a figure shows where it does not show all of them. */
export function bestOf({ groups, shown, results: { objective } }: FigureSource): string {
  const onEach = new Set(groups.map(({ facet }) => facet)).size > 1 ? " on each problem" : "";
  const omitted = bestGroups(groups, objective).length - shown.length;
  const rest = omitted > 0 ? `; ${plural(omitted, "more")} are left out` : "";
  return `The best of each optimizer${onEach} by ${wordsOf(objective)}, of ${plural(groups.length, "configuration")}${rest}.`;
}
