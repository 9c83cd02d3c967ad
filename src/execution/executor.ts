import { ExperimentError } from "../base/errors.js";
import type { Manifest } from "../results/manifest.js";
import { crashOf } from "./crash.js";
import type { PlannedRun } from "./plan.js";
import type { Resources } from "./resources.js";
import { makeRun, type RunOptions } from "./run.js";

/** Something that makes single runs, several at once where it has the means. */
export interface Executor {
  /** Runs it can make at the same time. */
  readonly jobs: number;
  /**
   * @throws ExperimentError if the run fails, and Bug if the tool does: other runs are not concerned, since what the
   * error may have damaged makes none of them
   */
  execute(planned: PlannedRun, experimentDirectory: string, options: RunOptions): Promise<Manifest>;
  close(): Promise<void>;
}

/**
 * Makes runs in this process, one at a time. After an error that nobody foresaw the others are left to a worker.
 *
 * @param successor makes the worker
 */
export function inProcess(resources: Resources, successor: () => Promise<Executor>): Executor {
  let worker: Executor | undefined;
  return {
    jobs: 1,
    async execute(planned, experimentDirectory, options) {
      if (worker) return worker.execute(planned, experimentDirectory, options);
      try {
        return await makeRun(planned, resources, experimentDirectory, options);
      } catch (error) {
        if (!(error instanceof ExperimentError)) worker = await successor();
        throw crashOf(error);
      }
    },
    close: async () => worker?.close(),
  };
}
