import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { ExperimentError, messageOf } from "../errors.js";

/** A CSV file by columns of text, as it was written. */
export type Columns = ReadonlyMap<string, readonly string[]>;

/** @throws ExperimentError if there is no such file, or a line has more or fewer fields than the header */
export function readColumns(path: string): Columns {
  let rows: string[][];
  try {
    rows = parse(readFileSync(path), { relax_column_count: false }) as string[][];
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  const [header = [], ...body] = rows;
  return new Map(header.map((name, i) => [name, body.map((row) => row[i]!)]));
}
