import { resolve } from "node:path";
import { readCsv } from "../data/csv-file.js";
import type { Examples } from "./linear-model.js";

export interface CsvSource {
  /** Path of the file, absolute or relative to `directory`. */
  readonly file: string;
  readonly directory: string;
  /** Name of the column that holds the targets. */
  readonly target: string;
  /** Names of the feature columns; absent: every column but the target. */
  readonly features?: readonly string[] | undefined;
}

/**
 * Numeric examples from a CSV file with a header line.
 *
 * @throws ExperimentError naming the file and, where it applies, line and column
 */
export async function readExamples(source: CsvSource): Promise<Examples> {
  const table = await readCsv(resolve(source.directory, source.file), "problem.data.file");
  const { header, rows } = table;
  const featureNames = source.features ?? header.filter((name) => name !== source.target);
  const columns = featureNames.map((name) => table.columnOf(name));
  const target = table.columnOf(source.target);
  return {
    features: {
      rows: rows.length,
      columns: columns.length,
      entries: Float64Array.from(rows.flatMap((row) => columns.map((column) => table.numberIn(row, column)))),
    },
    targets: Float64Array.from(rows, (row) => table.numberIn(row, target)),
  };
}
