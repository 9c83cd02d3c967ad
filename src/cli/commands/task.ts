import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { executorFor } from "../../execution/experiment.js";
import { Resources } from "../../execution/resources.js";
import { schedule } from "../../execution/run-queue.js";
import { readTaskFile } from "../../execution/slurm-submission.js";
import { tellBugs } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { createProgress } from "../progress.js";

/** Makes the runs of one array task; writes nothing but their directories, since many tasks work at once. */
export async function task(path: string, index: string): Promise<ExitReason> {
  const file = readTaskFile(path);
  const planned = file?.tasks[Number(index)];
  if (!file || !planned) throw new ExperimentError(`${path}: there is no task ${index} in it`);
  const progress = createProgress({ quiet: false });
  const signal = interruptSignal();
  const resources = new Resources((line) => progress.announce(line), signal);
  progress.begin(planned.length, 0);
  const alone = planned.map((one) => [one]);
  const executor = await executorFor(alone, { jobs: 1 }, resources);
  const { failures, bugs } = await schedule(alone, {
    directory: file.directory,
    executor,
    force: false,
    signal,
    observer: progress,
    afterRun() {},
  });
  await executor.close();
  progress.finish();
  if (signal.aborted) return "interrupted";
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return failures.length > 0 ? "runFailed" : "ok";
}
