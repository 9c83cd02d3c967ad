import { join } from "node:path";
import { writeAtomically } from "../../base/files.js";
import { withTargets } from "../../comparison/targets.js";
import { collect } from "../../results/collect.js";
import type { Manifest } from "../../results/manifest.js";
import { summaryCsv } from "../../results/summary.js";
import { print, tell } from "../output.js";

/** "12 completed, 1 failed" */
function statusText(manifests: readonly Manifest[]): string {
  const counts = new Map<string, number>();
  for (const { status } of manifests) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${status}`).join(", ") || "no runs";
}

/**
 * Rebuilds summary.csv from run directories, those of several machines too.
 *
 * @param options.escapeFormulas keep spreadsheets from computing texts
 * @param options.out directory for the summaries; default: that of the experiment, the first one where there are several
 */
export function summarize(
  directories: readonly string[],
  { out, escapeFormulas }: { out?: string; escapeFormulas?: boolean },
): void {
  for (const collection of collect(directories)) {
    const { experiment, directories: places, conflicts } = collection;
    const manifests = withTargets(collection);
    for (const conflict of conflicts) tell(conflict);
    const path = join(out === undefined ? places[0]! : join(out, experiment), "summary.csv");
    writeAtomically(path, summaryCsv(manifests, { escapeFormulas }));
    const from = places.length > 1 ? ` from ${places.length} directories` : "";
    print([`${path}: ${manifests.length} runs${from} (${statusText(manifests)})`]);
  }
}
