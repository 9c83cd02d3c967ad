import { toolVersion } from "../results/provenance.js";
import { tell, tellText } from "./output.js";

/** Asks the user to report a bug. */
export function tellBug(trace: string): void {
  tell(`This is a bug in run-experiment ${toolVersion}. Please report it with this trace:`);
  tellText(trace);
}

/** What failed, where no progress has told it. */
export function tellFailures(results: readonly { readonly failures: readonly string[] }[]): void {
  for (const failure of results.flatMap(({ failures }) => failures)) tell(`error: ${failure}`);
}

/** The same one, met by many runs, is told once. */
export function tellBugs(traces: readonly string[]): void {
  for (const trace of new Set(traces)) tellBug(trace);
}
