import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Field } from "../trace/csv-file.js";
import { csvHeader, scanCsv } from "../trace/csv-scan.js";
import { traceFiles } from "../trace/trace-writer.js";
import type { Collection } from "./collect.js";
import type { Manifest } from "./manifest.js";
import { identifyingColumns, runsDirectory, type SummaryColumn, summaryTableColumns } from "./summary.js";

/** What the fields of a column are, the empty ones left out. */
export type ColumnKind = "integer" | "number" | "text";

/** One table of many runs. */
export interface LongTable {
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /** Hands over its rows one after the other, in an array that is used again: numbers as text, nothing as "". */
  eachRow(visit: (fields: readonly string[]) => void): void;
  /** Runs that have no part in it because their file is not there. */
  readonly without: readonly Manifest[];
}

/** What tells runs apart, beside the axes of their sweeps; what is more stands in a table with a row a run. */
const identifying = new Set(["id", "label", "status", "optimizer", "rule", "seed"]);

/** A run with where it lies. */
interface PlacedRun {
  readonly experiment: string;
  readonly run: Manifest;
  readonly directory: string;
}

const placedRuns = (collections: readonly Collection[]): PlacedRun[] =>
  collections.flatMap(({ experiment, manifests, placeOf }) =>
    manifests.map((run) => ({ experiment, run, directory: join(runsDirectory(placeOf.get(run.id)!), run.id) })),
  );

const textOf = (field: Field): string => (field === undefined ? "" : String(field));

const isNumber = (text: string) => text === "NaN" || (text.trim() !== "" && !Number.isNaN(Number(text)));

/** The strictest kind that every field of a column is of; of an empty one numbers, as readers of CSV have it. */
function kindOf(fields: readonly string[]): ColumnKind {
  const given = fields.filter((field) => field !== "");
  if (!given.every(isNumber)) return "text";
  const isInteger = given.length > 0 && given.every((field) => Number.isSafeInteger(Number(field)));
  return isInteger ? "integer" : "number";
}

/** The fields of some columns of summary.csv, of every run, with the experiment before them. */
function describe(runs: readonly PlacedRun[], columns: readonly SummaryColumn[]) {
  const rows = runs.map(({ experiment, run }) => [experiment, ...columns.map(({ value }) => textOf(value(run)))]);
  return {
    rows,
    columns: ["experiment", ...columns.map(({ name }) => name)].map((name, i) => ({
      name,
      kind: kindOf(rows.map((row) => row[i]!)),
    })),
  };
}

/** A row a run: everything that summary.csv tells. */
export function runsTable(collections: readonly Collection[]): LongTable {
  const runs = placedRuns(collections);
  const { rows, columns } = describe(runs, summaryTableColumns(runs.map(({ run }) => run)));
  return { columns, eachRow: (visit) => rows.forEach(visit), without: [] };
}

/** Everything in a trace is a number but the names of the layers. */
const traceKind = (name: string): ColumnKind => (name === "step" ? "integer" : name === "layer" ? "text" : "number");

/**
 * All traces of these experiments below each other: what tells the runs apart, then the columns of the traces, of all
 * that any run has. Files are read line by line while the rows are handed over.
 *
 * @param file trace.csv or layers.csv
 */
export function tracesTable(collections: readonly Collection[], file: keyof typeof traceFiles): LongTable {
  const all = placedRuns(collections).map((placed) => ({ ...placed, path: join(placed.directory, traceFiles[file]) }));
  const runs = all.filter(({ path }) => existsSync(path));
  const identity = identifyingColumns(runs.map(({ run }) => run)).filter(
    ({ name }) => identifying.has(name) || name.startsWith("axis."),
  );
  const described = describe(runs, identity);
  const measured = [...new Set(runs.flatMap(({ path }) => csvHeader(path)))];
  const first = described.columns.length;
  const columns = [...described.columns, ...measured.map((name) => ({ name, kind: traceKind(name) }))];
  return {
    columns,
    without: all.filter((run) => !existsSync(run.path)).map(({ run }) => run),
    eachRow(visit) {
      for (const [i, { path }] of runs.entries()) {
        const own = csvHeader(path);
        const places = own.map((name) => first + measured.indexOf(name));
        const row = [...described.rows[i]!, ...measured.map(() => "")];
        scanCsv(path, own, (fields) => {
          for (let j = 0; j < places.length; j++) row[places[j]!] = fields[j]!;
          visit(row);
        });
      }
    },
  };
}
