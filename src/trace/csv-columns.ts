import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { ExperimentError, messageOf } from "../base/errors.js";

/** A CSV file by columns of text, as it was written. */
export type Columns = ReadonlyMap<string, readonly string[]>;

/** Without quotes a CSV file is lines and commas: ten times faster than a parser, which long traces are worth. */
function rowsOf(text: string): string[][] {
  if (text.includes('"')) return parse(text, { relax_column_count: false }) as string[][];
  const rows = text.split("\n").map((line) => line.split(","));
  if (rows.at(-1)?.length === 1 && rows.at(-1)![0] === "") rows.pop();
  const uneven = rows.findIndex(({ length }) => length !== rows[0]!.length);
  if (uneven >= 0) throw new Error(`line ${uneven + 1} has ${rows[uneven]!.length} fields, not ${rows[0]!.length}`);
  return rows;
}

/** @throws ExperimentError if there is no such file, or a line has more or fewer fields than the header */
export function readColumns(path: string): Columns {
  let rows: string[][];
  try {
    rows = rowsOf(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  const [header = [], ...body] = rows;
  return new Map(header.map((name, i) => [name, body.map((row) => row[i]!)]));
}
