import { closeSync, openSync, readSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { ExperimentError, messageOf } from "../base/errors.js";

const blockBytes = 1 << 16;
const newline = 10;
const comma = 44;
const quote = 34;

/** Reads whole lines, a block of them at a time: a long trace never lies in memory as a whole. */
function* blocksOfLines(path: string): Generator<Buffer> {
  const descriptor = openSync(path, "r");
  try {
    let buffer = Buffer.allocUnsafe(blockBytes);
    let filled = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
      filled += read;
      const end = read === 0 ? filled : buffer.subarray(0, filled).lastIndexOf(newline) + 1;
      if (end > 0) yield buffer.subarray(0, end);
      buffer.copy(buffer, 0, end, filled);
      filled -= end;
      if (read === 0) return;
      if (filled === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** The fields of one line, which ends before the line break: those of the wanted columns are made into text. */
class LineReader {
  readonly fields: string[];

  /** @param slots of each column of the file the place in `fields`, or −1 */
  constructor(
    private readonly slots: readonly number[],
    wanted: number,
  ) {
    this.fields = new Array<string>(wanted).fill("");
  }

  /** @returns how many fields the line has */
  read(block: Buffer, from: number, to: number): number {
    let start = from;
    let count = 0;
    for (let i = from; i <= to; i++) {
      const byte = i === to ? comma : block[i];
      if (byte === quote) return this.readQuoted(block.toString("utf8", from, to));
      if (byte !== comma) continue;
      const slot = this.slots[count++] ?? -1;
      if (slot >= 0) this.fields[slot] = block.toString("utf8", start, i);
      start = i + 1;
    }
    return count;
  }

  private readQuoted(line: string): number {
    const [row = []] = parse(line) as string[][];
    for (const [i, field] of row.entries()) {
      const slot = this.slots[i] ?? -1;
      if (slot >= 0) this.fields[slot] = field;
    }
    return row.length;
  }
}

/** @throws ExperimentError if there is no such file */
export function csvHeader(path: string): readonly string[] {
  try {
    for (const block of blocksOfLines(path)) {
      const end = block.indexOf(newline);
      return (parse(block.toString("utf8", 0, end < 0 ? block.length : end)) as string[][])[0] ?? [];
    }
    return [];
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * Goes through a CSV file line by line and hands over the fields of some of its columns; nothing else of it is kept.
 *
 * @param visit gets the fields in the order of `columns`, in an array that is used again for the next line
 * @returns false if the file lacks one of the columns; then nothing was visited
 * @throws ExperimentError if there is no such file, or a line has more or fewer fields than the header
 */
export function scanCsv(path: string, columns: readonly string[], visit: (fields: readonly string[]) => void): boolean {
  try {
    let header: readonly string[] | undefined;
    let reader: LineReader | undefined;
    let line = 0;
    for (const block of blocksOfLines(path)) {
      for (let from = 0; from < block.length; ) {
        const found = block.indexOf(newline, from);
        const to = found < 0 ? block.length : found;
        line++;
        if (header && reader) {
          const count = reader.read(block, from, to);
          if (count !== header.length) throw new Error(`line ${line} has ${count} fields, not ${header.length}`);
          visit(reader.fields);
        } else {
          header = (parse(block.toString("utf8", from, to)) as string[][])[0] ?? [];
          if (!columns.every((column) => header!.includes(column))) return false;
          reader = new LineReader(
            header.map((name) => columns.indexOf(name)),
            columns.length,
          );
        }
        from = to + 1;
      }
    }
    return header !== undefined;
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
