import { resolve } from "node:path";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOrdinaryFile, UnsuitableFile } from "../base/files.js";
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

/** A line of the file and its cells. */
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
}

/**
 * Numeric examples from a CSV file with a header line.
 *
 * @throws ExperimentError naming the file and, where it applies, line and column
 */
export async function readExamples(source: CsvSource): Promise<Examples> {
  const path = resolve(source.directory, source.file);
  const [header, ...rows] = await readRows(path);
  if (!header || rows.length === 0) {
    throw new ExperimentError(`${path} holds no examples: expected a header line and at least one line of numbers`);
  }
  const columnOf = (name: string) => {
    const index = header.cells.indexOf(name);
    if (index >= 0) return index;
    throw new ExperimentError(`${path} has no column "${name}"; its columns are ${header.cells.join(", ")}`);
  };
  const featureNames = source.features ?? header.cells.filter((name) => !source.targets.includes(name));
  const columns = featureNames.map(columnOf);
  const targets = source.targets.map(columnOf);
  const number = (row: Row, column: number) => numberIn(row, column, `${path}:${row.line}`, header.cells[column]!);
  const entriesOf = (of: readonly number[]) =>
    Float64Array.from(rows.flatMap((row) => of.map((column) => number(row, column))));
  return {
    features: { rows: rows.length, columns: columns.length, entries: entriesOf(columns) },
    targets: entriesOf(targets),
  };
}

/** Its cells take some twenty times as much memory. */
const mostBytes = 100_000_000;

function readText(path: string): string {
  try {
    return readOrdinaryFile(path, mostBytes).toString();
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = messageOf(cause);
    const finding =
      cause instanceof UnsuitableFile ? message : isMissing ? "does not exist" : `cannot be read (${message})`;
    throw new ExperimentError(`${path} ${finding}: correct problem.data.file (relative to the config's directory)`, {
      cause,
    });
  }
}

async function readRows(path: string): Promise<Row[]> {
  const text = readText(path);
  const { parse } = await import("csv-parse/sync");
  const rows: Row[] = [];
  try {
    parse(text, {
      bom: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (cells: string[], { lines }) => {
        rows.push({ line: lines, cells });
        return null;
      },
    });
    return rows;
  } catch (cause) {
    throw new ExperimentError(`${path} is not a valid CSV file: ${messageOf(cause)}`, { cause });
  }
}

function numberIn(row: Row, column: number, place: string, name: string): number {
  const cell = row.cells[column] ?? "";
  const value = cell === "" ? Number.NaN : Number(cell);
  if (Number.isFinite(value)) return value;
  throw new ExperimentError(`${place}, column "${name}": expected a finite number, found "${cell}"`);
}
