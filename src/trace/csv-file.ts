import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { stringify } from "csv-stringify/sync";
import type { Precision } from "../compute/algebra.js";
import { ExperimentError, messageOf } from "../errors.js";

/** A field of a CSV file; undefined is written as an empty field, NaN and Infinity are spelled out. */
export type Field = number | string | boolean | undefined;

const flushBytes = 1 << 16;

/** The shortest text that reads back as the same number in the given precision: at most 17 or 9 digits. */
export function formatNumber(value: number, precision: Precision): string {
  if (precision === "float64" || !Number.isFinite(value)) return String(value);
  return String(Number(value.toPrecision(9)));
}

/** Lines of a CSV file: LF, quoted only where needed. */
export function csvLines(rows: readonly (readonly Field[])[]): string {
  return stringify(rows as Field[][], {
    cast: { boolean: String, number: String },
    record_delimiter: "unix",
    escape_formulas: false,
  });
}

/**
 * A tidy CSV file that only ever grows: one header line, LF, written in blocks and flushed on demand, so that what was
 * measured is on the disk whatever happens later.
 */
export class CsvFile {
  private readonly descriptor: number;
  private pending: Field[][] = [];
  private pendingFields = 0;
  private position: number;

  /**
   * @param position continue an existing file here, in bytes: what comes after is cut off
   * @throws ExperimentError if the file cannot be created or continued
   */
  constructor(
    readonly path: string,
    header: readonly string[],
    position?: number,
  ) {
    this.descriptor = this.guarded(() => openSync(path, position === undefined ? "w" : "r+"));
    this.position = position ?? 0;
    if (position === undefined) this.append(header);
    else this.guarded(() => ftruncateSync(this.descriptor, position));
  }

  append(row: readonly Field[]): void {
    this.pending.push([...row]);
    this.pendingFields += row.length;
    if (this.pendingFields * 16 > flushBytes) this.flush();
  }

  flush(): void {
    if (this.pending.length === 0) return;
    const text = Buffer.from(csvLines(this.pending));
    this.pending = [];
    this.pendingFields = 0;
    this.guarded(() => {
      for (let written = 0; written < text.length; ) {
        const bytes = writeSync(this.descriptor, text, written, undefined, this.position);
        written += bytes;
        this.position += bytes;
      }
    });
  }

  /** Length in bytes of the file once everything appended so far is safely on the disk. */
  sync(): number {
    this.flush();
    this.guarded(() => fsyncSync(this.descriptor));
    this.checkPresence();
    return this.position;
  }

  close(): void {
    try {
      this.flush();
      this.checkPresence();
    } finally {
      closeSync(this.descriptor);
    }
  }

  /** A file that was deleted takes what is written without a word. */
  private checkPresence(): void {
    this.guarded(() => {
      if (fstatSync(this.descriptor).nlink === 0) throw new Error("it was deleted while the run was being made");
    });
  }

  private guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw new ExperimentError(`cannot write ${this.path}: ${messageOf(error)}`, {
        reason: "runFailed",
        cause: error,
      });
    }
  }
}
