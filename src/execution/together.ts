import type { Membership } from "../compute/run-batch.js";
import type { Manifest } from "../results/manifest.js";
import type { PlannedRun } from "./plan.js";
import type { Resources } from "./resources.js";
import { makeRun, type RunOptions } from "./run.js";

/** A run to be made, and how. */
export interface Assignment {
  readonly planned: PlannedRun;
  readonly options: RunOptions;
}

/** Has all runs join one batch on their backend; undefined where that cannot be had, which each run then tells itself. */
async function joined(runs: readonly Assignment[], resources: Resources): Promise<Membership[] | undefined> {
  try {
    // With it TensorFlow.js is loaded.
    const { RunBatch } = await import("../compute/run-batch.js");
    const { algebra } = await resources.backend(runs[0]!.planned.backend.name);
    const batch = new RunBatch(algebra);
    return runs.map(() => batch.join());
  } catch {
    return undefined;
  }
}

/**
 * Makes these runs, training them together where they are several. Each has its own files, ends by itself, and fails alone
 * unless what they compute together fails.
 *
 * @returns a promise for each
 */
export function makeRuns(
  runs: readonly Assignment[],
  resources: Resources,
  experimentDirectory: string,
): Promise<Manifest>[] {
  if (runs.length === 1) {
    return runs.map(({ planned, options }) => makeRun(planned, resources, experimentDirectory, options));
  }
  const memberships = joined(runs, resources);
  return runs.map(async ({ planned, options }, i) => {
    const membership = (await memberships)?.[i];
    const together = membership && { membership, runs: runs.length };
    try {
      return await makeRun(planned, resources, experimentDirectory, { ...options, together });
    } finally {
      membership?.leave();
    }
  });
}
