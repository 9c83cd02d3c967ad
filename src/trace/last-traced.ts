import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import type { StepRecord } from "../training/record.js";
import { traceFiles } from "./trace-writer.js";

const tailBytes = 4096;

/** Numbers of the last whole line of a run's trace, which may be growing; undefined if there is none. */
export function lastTraced(runDirectory: string): Pick<StepRecord, "step" | "loss" | "train"> | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(join(runDirectory, traceFiles.trace), "r");
  } catch {
    return undefined;
  }
  try {
    const read = (length: number, position: number) => {
      const buffer = Buffer.alloc(length);
      return buffer.toString("utf8", 0, readSync(descriptor, buffer, 0, length, position));
    };
    const { size } = fstatSync(descriptor);
    const header = read(tailBytes, 0).split("\n", 1)[0]!;
    const line = read(tailBytes, Math.max(0, size - tailBytes))
      .split("\n")
      .at(-2);
    if (line === undefined || line === header) return undefined;
    const [row] = parse(`${header}\n${line}`, { columns: true, relax_column_count: true }) as Record<string, string>[];
    const step = Number(row?.step);
    if (!Number.isInteger(step)) return undefined;
    return {
      step,
      loss: row?.loss ? Number(row.loss) : Number.NaN,
      ...(row?.train_loss && { train: { loss: Number(row.train_loss) } }),
    };
  } finally {
    closeSync(descriptor);
  }
}
