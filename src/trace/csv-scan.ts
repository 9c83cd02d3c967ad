import { closeSync, openSync, readSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { ExperimentError, messageOf } from "../base/errors.js";

const blockBytes = 1 << 16;
const newline = 10;

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

/** The fields of the lines of a text, those of the wanted columns; what comes between is not looked at character by character. */
class LineReader {
  readonly fields: string[];
  private text = "";
  private hasQuotes = false;
  /** Where the next comma is. */
  private comma = -1;

  /** @param slots of each column of the file the place in `fields`, or −1 */
  constructor(
    private readonly slots: readonly number[],
    wanted: number,
  ) {
    this.fields = new Array<string>(wanted).fill("");
  }

  /** Goes on with these lines. */
  begin(text: string): void {
    this.text = text;
    this.hasQuotes = text.includes('"');
    this.comma = -1;
  }

  /** @returns how many fields the line has, which ends before the line break at `to` */
  read(from: number, to: number): number {
    const { text } = this;
    if (this.hasQuotes) {
      const line = text.slice(from, to);
      if (line.includes('"')) return this.readQuoted(line);
    }
    for (let start = from, count = 0; ; count++) {
      const end = Math.min(to, this.commaFrom(start));
      const slot = this.slots[count] ?? -1;
      if (slot >= 0) this.fields[slot] = text.slice(start, end);
      if (end === to) return count + 1;
      start = end + 1;
    }
  }

  /** Where the next comma is from here on, or the end; asked from the beginning of the text to its end. */
  private commaFrom(start: number): number {
    if (this.comma >= start) return this.comma;
    const found = this.text.indexOf(",", start);
    this.comma = found < 0 ? this.text.length : found;
    return this.comma;
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
      const text = block.toString();
      reader?.begin(text);
      for (let from = 0; from < text.length; ) {
        const found = text.indexOf("\n", from);
        const to = found < 0 ? text.length : found;
        line++;
        if (header && reader) {
          const count = reader.read(from, to);
          if (count !== header.length) throw new Error(`line ${line} has ${count} fields, not ${header.length}`);
          visit(reader.fields);
        } else {
          header = (parse(text.slice(from, to)) as string[][])[0] ?? [];
          if (!columns.every((column) => header!.includes(column))) return false;
          reader = new LineReader(
            header.map((name) => columns.indexOf(name)),
            columns.length,
          );
          reader.begin(text);
        }
        from = to + 1;
      }
    }
    return header !== undefined;
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
