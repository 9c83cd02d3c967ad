import { resolve } from "node:path";
import { readCsv } from "../data/csv-file.js";
import type { Examples } from "./linear-model.js";

export interface CsvSource {
  /** Path of the file, absolute or relative to `directory`. */
  readonly file: string;
  readonly directory: string;
  /** Names of the columns that hold the targets, one an output. */
  readonly targets: readonly string[];
  /** Names of the feature columns; absent: every column but the targets. */
  readonly features?: readonly string[] | undefined;
}

/**
 * Numeric examples from a CSV file with a header line.
 *
 * @throws ExperimentError naming the file and, where it applies, line and column
 */
export function readExamples(source: CsvSource): Examples {
  const table = readCsv(resolve(source.directory, source.file), "problem.data.file");
  const { rows } = table;
  const featureNames = source.features ?? table.featuresBeside(source.targets);
  const entriesOf = (names: readonly string[]) => {
    const columns = names.map((name) => table.columnOf(name));
    return Float64Array.from(rows.flatMap((row) => columns.map((column) => table.numberIn(row, column))));
  };
  return {
    features: { rows: rows.length, columns: featureNames.length, entries: entriesOf(featureNames) },
    targets: entriesOf(source.targets),
  };
}
