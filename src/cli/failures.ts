import { toolVersion } from "../results/provenance.js";

/** Asks the user to report a bug. */
export function tellBug(trace: string): void {
  process.stderr.write(`This is a bug in run-experiment ${toolVersion}. Please report it with this trace:\n${trace}\n`);
}

/** What failed, where no progress has told it. */
export function tellFailures(results: readonly { readonly failures: readonly string[] }[]): void {
  for (const failure of results.flatMap(({ failures }) => failures)) process.stderr.write(`error: ${failure}\n`);
}

/** The same one, met by many runs, is told once. */
export function tellBugs(traces: readonly string[]): void {
  for (const trace of new Set(traces)) tellBug(trace);
}
