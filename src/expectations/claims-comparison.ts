import { existsSync, readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { onDisk } from "../base/files.js";
import type { ClaimRecord } from "./claims.js";
import { machineOf } from "./claims-pages.js";

const text = z.string();
const recordSchema = z.object({
  ...{ experiment: text, config: text, setting: text, claim: text, source: text, expected: text, measured: text },
  verdict: z.enum(["met", "not met", "not checked", "held", "violated", "not applicable"]),
});

/**
 * The rows of a claims.csv.
 *
 * @throws ExperimentError if there is none, or it is no table of claims
 */
export function readClaims(path: string): ClaimRecord[] {
  if (!existsSync(path)) {
    throw new ExperimentError(
      `there is no ${path} to compare with; run-experiment reproduce, without --check, writes it`,
    );
  }
  const content = onDisk("read", path, () => readFileSync(path, "utf8"));
  const found = z.array(recordSchema).safeParse(parse(content, { columns: true, relax_column_count: true }));
  if (found.success) return found.data;
  throw new ExperimentError(`${path} is no table of claims; expected what run-experiment reproduce writes`);
}

/** How claims that were made again compare with the committed ones. */
export interface ClaimsComparison {
  /** One line each. */
  readonly differences: readonly string[];
  /** Rows that were compared in every column. */
  readonly compared: number;
  /** Rows made on another backend or data set, of which the verdicts were compared. */
  readonly byVerdict: number;
  /** Rows that were not checked, here or there. */
  readonly notCompared: number;
  /** What the rows compared by verdict were made on, one line an experiment. */
  readonly elsewhere: readonly string[];
}

/** Each row with a key that two rows of one claim do not share. */
function keyed(records: readonly ClaimRecord[]): Map<string, ClaimRecord> {
  const result = new Map<string, ClaimRecord>();
  for (const record of records) {
    let key = `${record.experiment}\n${record.claim}`;
    while (result.has(key)) key += "\n";
    result.set(key, record);
  }
  return result;
}

const wholly = ["verdict", "measured", "expected", "source", "setting", "config"] as const;

/** The first column in which two rows differ. */
function differenceOf(now: ClaimRecord, committed: ClaimRecord, columns: readonly (typeof wholly)[number][]) {
  const column = columns.find((one) => now[one] !== committed[one]);
  if (column === undefined) return [];
  return [
    `${now.experiment}: ${now.claim}: ${column} ${now[column] || "nothing"} in place of ${committed[column] || "nothing"}`,
  ];
}

/**
 * Compares claims with committed ones: in every column where backend and data set are the same, else by their verdicts.
 *
 * @param committed of the same experiments
 */
export function compareClaims(now: readonly ClaimRecord[], committed: readonly ClaimRecord[]): ClaimsComparison {
  const [here, there] = [keyed(now), keyed(committed)];
  const differences: string[] = [];
  const elsewhere = new Set<string>();
  const counts = { compared: 0, byVerdict: 0, notCompared: 0 };
  for (const [key, record] of here) {
    const other = there.get(key);
    if (!other) {
      differences.push(`${record.experiment}: ${record.claim}: is not among the committed claims`);
      continue;
    }
    const [machine, otherMachine] = [machineOf(record.setting), machineOf(other.setting)];
    if (machine === otherMachine) {
      counts.compared++;
      differences.push(...differenceOf(record, other, wholly));
      continue;
    }
    elsewhere.add(`${record.experiment}: ${machine} in place of ${otherMachine}`);
    if ([record, other].some(({ verdict }) => verdict === "not checked")) counts.notCompared++;
    else {
      counts.byVerdict++;
      differences.push(...differenceOf(record, other, ["verdict"]));
    }
  }
  for (const [key, { experiment, claim }] of there) {
    if (!here.has(key)) differences.push(`${experiment}: ${claim}: is a committed claim that was not made`);
  }
  return { differences, ...counts, elsewhere: [...elsewhere] };
}
