import { isUtf8 } from "node:buffer";
import { parse } from "csv-parse/sync";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOwnFile } from "./own-file.js";

/** A line of a CSV file and its cells. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A CSV file with a header line. */
export class CsvTable {
  constructor(
    readonly path: string,
    readonly header: readonly string[],
    readonly rows: readonly CsvRow[],
    /** SHA-256 of the file. */
    readonly sha256: string,
  ) {}

  /** @throws ExperimentError if there is no such column, or more than one */
  columnOf(name: string): number {
    const index = this.header.indexOf(name);
    if (index < 0) {
      throw new ExperimentError(
        `${this.path} has no column "${name}"; its first line names ${this.header.join(", ")}: correct the name, the line or the delimiter`,
      );
    }
    if (index === this.header.lastIndexOf(name)) return index;
    throw new ExperimentError(`${this.path} has several columns "${name}"; give each a name of its own`);
  }

  /**
   * The columns that a target is predicted from unless others are named: all but the targets.
   *
   * @throws ExperimentError if one has no name, as the row numbers that pandas writes
   */
  featuresBeside(targets: readonly string[]): string[] {
    const nameless = this.header.indexOf("");
    if (nameless < 0) return this.header.filter((name) => !targets.includes(name));
    throw new ExperimentError(
      `${this.path}: column ${nameless + 1} has no name; give it one, or name the features (row numbers of pandas: to_csv(…, index=False))`,
    );
  }

  /** @throws ExperimentError unless the cell holds a finite number */
  numberIn(row: CsvRow, column: number): number {
    const cell = row.cells[column] ?? "";
    const value = cell === "" ? Number.NaN : Number(cell);
    if (Number.isFinite(value)) return value;
    throw this.wrong(row, column, `expected a finite number, found "${cell}"`);
  }

  /** The error of a cell. */
  wrong({ line }: CsvRow, column: number, finding: string): ExperimentError {
    return new ExperimentError(`${this.path}:${line}, column "${this.header[column]}": ${finding}`);
  }
}

/** Its cells take some twenty times as much memory. */
const mostBytes = 100_000_000;

/**
 * Reads a CSV file with a header line.
 *
 * @param option of the config that names the file, for errors
 * @throws ExperimentError if it cannot be read, is no CSV file or has no line of numbers
 */
export function readCsv(path: string, option: string, delimiter = ","): CsvTable {
  const { bytes, sha256 } = readOwnFile(path, option, mostBytes);
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new ExperimentError(`${path} is not text in UTF-8: save it as CSV in UTF-8`);
  }
  const [header, ...rows] = parseRows(bytes.toString(), path, delimiter);
  if (header && rows.length > 0) return new CsvTable(path, header.cells, rows, sha256);
  throw new ExperimentError(`${path} holds no examples: expected a header line and at least one line of numbers`);
}

function parseRows(text: string, path: string, delimiter: string): CsvRow[] {
  const rows: CsvRow[] = [];
  try {
    parse(text, {
      bom: true,
      skip_empty_lines: true,
      trim: true,
      delimiter,
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
