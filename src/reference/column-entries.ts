import type { Registry } from "../registry/registry.js";
import { summaryColumns } from "../results/summary.js";
import { averagedColumns, type Column, layerColumns, traceColumns } from "../trace/columns.js";
import type { Entry } from "./entry.js";

/** A column of a CSV file of results, as it is documented. */
export interface ColumnFacts extends Pick<Column<never>, "name" | "meaning"> {
  readonly formula?: string;
  readonly unit?: string;
  /** The bound that writes it. */
  readonly bound?: string;
}

/** The columns of each file, in their order; those of bounds stand to the right in trace.csv. */
export const columnsOf = (registry: Registry): Readonly<Record<string, readonly ColumnFacts[]>> => ({
  "trace.csv": [
    ...traceColumns,
    ...averagedColumns,
    ...registry.bounds.flatMap(({ name: bound, columns }) => columns.map((column) => ({ ...column, bound }))),
  ],
  "layers.csv": layerColumns,
  "summary.csv": summaryColumns,
});

/** What is to be said of a column. */
export function columnEntries(registry: Registry): Entry[] {
  return Object.entries(columnsOf(registry)).flatMap(([file, columns]) =>
    columns.map(({ name, meaning, formula, unit, bound }) => ({
      kind: `column of ${file}`,
      name,
      summary: meaning,
      facts: [
        ...(formula ? [{ term: "formula", formula }] : []),
        ...(unit ? [{ term: "unit", text: unit }] : []),
        ...(bound ? [{ term: "written by", references: { list: "bounds" as const, names: [[bound] as const] } }] : []),
      ],
      sections: [],
    })),
  );
}
