import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FileState } from "../base/files.js";
import { CsvFile } from "../trace/csv-file.js";
import { scanCsv } from "../trace/csv-scan.js";

/**
 * When evaluations were made, in seconds of computing time, all sessions of a run together. The times stand apart from
 * the traces, which are the same to the byte each time a run is made.
 */
export const timingFile = "timing.csv";

const columns = ["step", "seconds"] as const;

const inMilliseconds = (seconds: number) => Math.floor(seconds * 1000);

/**
 * Writes down the first evaluation of every millisecond: what evaluates at each of a million steps a second leaves no
 * more than a thousand lines of it.
 */
export class TimingWriter {
  private readonly file: CsvFile;
  private written = -1;

  /**
   * @param resume how much of the file there was at the checkpoint that the run goes on from
   * @param mayWrite asked before every write; throws where the run has become another process's
   */
  constructor(directory: string, resume: FileState | undefined, mayWrite: () => void) {
    const path = join(directory, timingFile);
    // It is worth no run: where it was cut the times before are unknown.
    const isThere = resume !== undefined && existsSync(path) && statSync(path).size >= resume.bytes;
    this.file = new CsvFile(path, columns, { resume: isThere ? resume : undefined, mayWrite });
  }

  evaluated(step: number, seconds: number): void {
    const time = inMilliseconds(seconds);
    if (time === this.written) return;
    this.written = time;
    this.file.number(step, "float64");
    this.file.number(time / 1000, "float64");
    this.file.endLine();
  }

  flush(): void {
    this.file.flush();
  }

  /** The file as it stands, everything written so far included. */
  state(): FileState {
    return this.file.state();
  }

  close(): void {
    this.file.close();
  }
}

/** Computing time at an evaluation, to the millisecond; undefined where it was not written down. */
export function secondsAt(runDirectory: string, evaluation: number): number | undefined {
  const path = join(runDirectory, timingFile);
  if (!existsSync(path)) return undefined;
  let found: number | undefined;
  scanCsv(path, columns, ([step, seconds]) => {
    if (Number(step) <= evaluation) found = Number(seconds);
  });
  return found;
}
