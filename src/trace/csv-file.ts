import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { stringify } from "csv-stringify/sync";
import { ExperimentError, messageOf } from "../base/errors.js";
import { type FileState, hashOfFile, writable } from "../base/files.js";
import type { Precision } from "../compute/algebra.js";
import { TextBuffer } from "../compute/decimal.js";

/** A field of a CSV file; undefined is written as an empty field, NaN and Infinity are spelled out. */
export type Field = number | string | boolean | undefined;

const flushBytes = 1 << 16;

/** The number whose shortest text tells it from others of its precision in at most 17 or 9 digits. */
const rounded = (value: number, precision: Precision): number =>
  precision === "float64" || !Number.isFinite(value) ? value : Number(value.toPrecision(9));

/** The shortest text that reads back as the same number in the given precision. */
export const formatNumber = (value: number, precision: Precision): string => String(rounded(value, precision));

/** What a spreadsheet takes for a formula and computes when it opens the file. */
const isFormula = (field: Field) =>
  typeof field === "string" && /^[=+\-@\t\r]/.test(field) && Number.isNaN(Number(field));

export interface CsvOptions {
  /** Put an apostrophe before texts that spreadsheets would compute; numbers stay as they are. */
  readonly escapeFormulas?: boolean | undefined;
}

/** Lines of a CSV file: LF, quoted only where needed. */
export function csvLines(rows: readonly (readonly Field[])[], { escapeFormulas = false }: CsvOptions = {}): string {
  const safe = (field: Field) => (isFormula(field) ? `'${field}` : field);
  const fields = escapeFormulas ? rows.map((row) => row.map(safe)) : rows;
  return stringify(fields as Field[][], {
    cast: { boolean: String, number: String },
    record_delimiter: "unix",
    escape_formulas: false,
  });
}

/** A text as a field of a CSV file. */
export const csvField = (text: string): string => csvLines([[text]]).slice(0, -1);

const comma = 44;
const newline = 10;

/**
 * A tidy CSV file that only ever grows: one header line, LF, written in blocks and flushed on demand, so that what was
 * measured is on the disk whatever happens later.
 */
export class CsvFile {
  private readonly descriptor: number;
  private readonly hash: Hash;
  private readonly pending = new TextBuffer();
  private isInLine = false;
  private position: number;
  private readonly mayWrite: () => void;

  /**
   * @param options.resume continue an existing file from here: what comes after is cut off
   * @param options.mayWrite asked before every write; throws where the file has become somebody else's
   * @throws ExperimentError if the file cannot be created or continued
   */
  constructor(
    readonly path: string,
    header: readonly string[],
    { resume, mayWrite = () => {} }: { resume?: FileState | undefined; mayWrite?: (() => void) | undefined } = {},
  ) {
    this.mayWrite = mayWrite;
    this.position = resume?.bytes ?? 0;
    this.hash = this.guarded(() => (resume ? hashOfFile(path, resume.bytes) : createHash("sha256")));
    this.descriptor = this.guarded(() => openSync(path, resume ? writable.existing : writable.fresh));
    if (resume) this.guarded(() => ftruncateSync(this.descriptor, resume.bytes));
    else this.append(header.map(csvField));
  }

  /** A number as the next field of the line, as `formatNumber` has it. */
  number(value: number, precision: Precision): void {
    this.separate();
    this.pending.number(rounded(value, precision));
  }

  /** @param field what went through `csvField`, or nothing */
  text(field: string): void {
    this.separate();
    this.pending.text(field);
  }

  endLine(): void {
    this.pending.character(newline);
    this.isInLine = false;
    if (this.pending.length > flushBytes) this.flush();
  }

  /** A line of texts that went through `csvField`. */
  append(fields: readonly string[]): void {
    for (const field of fields) this.text(field);
    this.endLine();
  }

  private separate(): void {
    if (this.isInLine) this.pending.character(comma);
    this.isInLine = true;
  }

  flush(): void {
    if (this.pending.length === 0) return;
    this.mayWrite();
    const lines = this.pending.take();
    this.guarded(() => {
      for (let written = 0; written < lines.length; ) {
        const bytes = writeSync(this.descriptor, lines, written, undefined, this.position);
        written += bytes;
        this.position += bytes;
      }
      this.hash.update(lines);
    });
  }

  /** What the file holds once everything appended so far is safely on the disk. */
  sync(): FileState {
    this.flush();
    this.guarded(() => fsyncSync(this.descriptor));
    this.checkPresence();
    return this.state();
  }

  /** What the file holds once everything appended so far is written. */
  state(): FileState {
    this.flush();
    return { bytes: this.position, sha256: this.hash.copy().digest("hex") };
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
