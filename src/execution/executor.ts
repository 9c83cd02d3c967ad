import { ExperimentError } from "../base/errors.js";
import type { Manifest } from "../results/manifest.js";
import { crashOf } from "./crash.js";
import type { Resources } from "./resources.js";
import { type Assignment, makeRuns } from "./together.js";

/** Something that makes runs, several at once where it has the means. */
export interface Executor {
  /** Runs, or batches of runs, that it can make at the same time. */
  readonly jobs: number;
  /**
   * Makes these runs, training them together where they are several.
   *
   * @returns a promise for each; it is rejected with an ExperimentError if the run fails, and with a Bug if the tool does:
   * runs of other calls are not concerned, since what the error may have damaged makes none of them
   */
  execute(runs: readonly Assignment[], experimentDirectory: string): readonly Promise<Manifest>[];
  close(): Promise<void>;
}

/**
 * Makes runs in this process, one or one batch at a time. After an error that nobody foresaw the others are left to a worker.
 *
 * @param successor makes the worker
 */
export function inProcess(resources: Resources, successor: () => Promise<Executor>): Executor {
  let worker: Executor | undefined;
  return {
    jobs: 1,
    execute(runs, experimentDirectory) {
      if (worker) return worker.execute(runs, experimentDirectory);
      return makeRuns(runs, resources, experimentDirectory).map((run) =>
        run.catch(async (error: unknown) => {
          if (!(error instanceof ExperimentError)) worker ??= await successor();
          throw crashOf(error);
        }),
      );
    },
    close: async () => worker?.close(),
  };
}
