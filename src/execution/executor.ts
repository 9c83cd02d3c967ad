import type { Manifest } from "../results/manifest.js";
import { type PlannedRun, prepareRun } from "./plan.js";
import type { Resources } from "./resources.js";
import { executeRun, type RunOptions } from "./run.js";

/** Something that makes single runs, several at once where it has the means. */
export interface Executor {
  /** Runs it can make at the same time. */
  readonly jobs: number;
  /** @throws ExperimentError if the run fails: others are not concerned */
  execute(planned: PlannedRun, experimentDirectory: string, options: RunOptions): Promise<Manifest>;
  close(): Promise<void>;
}

/** Makes runs in this process, one at a time. */
export function inProcess(resources: Resources): Executor {
  return {
    jobs: 1,
    execute: async ({ run }, experimentDirectory, options) =>
      executeRun(await prepareRun(run, resources), resources, experimentDirectory, options),
    async close() {},
  };
}
