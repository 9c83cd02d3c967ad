import { closeSync, openSync, writeSync } from "node:fs";
import { replaceFile } from "../base/files.js";
import { type CsvOptions, csvLines } from "../trace/csv-file.js";
import type { ColumnKind, LongTable } from "./long-table.js";

/** Written at once. */
const blockCharacters = 1 << 18;

/**
 * Writes a table as CSV, row by row.
 *
 * @returns how many rows it has
 * @throws ExperimentError if the file cannot be written, or one of the table's cannot be read
 */
export function writeCsvTable({ columns, eachRow }: LongTable, path: string, options?: CsvOptions): number {
  let rows = 0;
  replaceFile(path, (temporary) => {
    const descriptor = openSync(temporary, "wx");
    try {
      let pending = csvLines([columns.map(({ name }) => name)], options);
      const isText = columns.map(({ kind }) => kind === "text");
      // A text that comes again and again is quoted once.
      const quoted = columns.map(() => ({ text: "", field: "" }));
      const fieldOf = (text: string, column: number) => {
        if (!isText[column] || text === "") return text;
        const known = quoted[column]!;
        if (known.text !== text) quoted[column] = { text, field: csvLines([[text]], options).slice(0, -1) };
        return quoted[column]!.field;
      };
      eachRow((fields) => {
        rows++;
        pending += `${fields.map(fieldOf).join(",")}\n`;
        if (pending.length < blockCharacters) return;
        writeSync(descriptor, pending);
        pending = "";
      });
      writeSync(descriptor, pending);
    } finally {
      closeSync(descriptor);
    }
  });
  return rows;
}

/** Rows held in memory until they are written together. */
const rowsOfGroup = 50_000;

const parquetTypes = { integer: "INT64", number: "DOUBLE", text: "STRING" } as const;

/** A field as Parquet takes it; nothing where it is empty. */
const parquetValues: Readonly<Record<ColumnKind, (text: string) => unknown>> = {
  integer: (text) => (text === "" ? null : BigInt(text)),
  number: (text) => (text === "" ? null : Number(text)),
  text: (text) => (text === "" ? null : text),
};

/**
 * Writes a table as Parquet, a group of rows at a time.
 *
 * @returns how many rows it has
 * @throws ExperimentError if the file cannot be written, or one of the table's cannot be read
 */
export async function writeParquetTable({ columns, eachRow }: LongTable, path: string): Promise<number> {
  const { fileWriter, ParquetWriter, schemaFromColumnData } = await import("hyparquet-writer");
  let rows = 0;
  replaceFile(path, (temporary) => {
    let group: unknown[][] = columns.map(() => []);
    const columnData = () =>
      columns.map(({ name, kind }, i) => ({ name, data: group[i]!, type: parquetTypes[kind], nullable: true }));
    const writer = new ParquetWriter({
      writer: fileWriter(temporary),
      schema: schemaFromColumnData({ columnData: columnData() }),
      createdBy: "run-experiment",
    });
    const write = () => {
      writer.write({ columnData: columnData(), rowGroupSize: rowsOfGroup });
      group = columns.map(() => []);
    };
    eachRow((fields) => {
      rows++;
      for (let i = 0; i < columns.length; i++) group[i]!.push(parquetValues[columns[i]!.kind](fields[i]!));
      if (group[0]!.length === rowsOfGroup) write();
    });
    if (group[0]!.length > 0) write();
    writer.finish();
  });
  return rows;
}
