import { existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { makeDirectory, onDisk, readJsonAs, writeJson } from "../base/files.js";
import { packageDirectory } from "../base/package-directory.js";
import type { SlurmOptions } from "../config/slurm.js";
import { manifestPath } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import type { PlannedRun } from "./plan.js";
import { largestArray, submitBatch } from "./slurm-commands.js";

const taskSchema = z.object({
  job: z.string(),
  index: z.int().nonnegative(),
  log: z.string().describe("written by the task as soon as it starts"),
  ids: z.array(z.string()),
  attempt: z.int().positive().describe("1 for the first submission of its runs"),
  rungs: z.record(z.string(), z.int()).optional().describe("by id, the step at which a run is to stop before its end"),
});

/** One array task as it was submitted. */
export type SubmittedTask = Readonly<z.output<typeof taskSchema>>;

const submissionsSchema = z.object({
  tasks: z.array(taskSchema),
  earlier: z
    .record(z.string(), z.number())
    .describe(
      "manifests of earlier failures, by id, with the time they were written: they say nothing of this submission",
    ),
});

/** What is known of an experiment's runs on a cluster; survives the submitting process. */
export type Submissions = Readonly<z.output<typeof submissionsSchema>>;

const taskFileSchema = z.object({
  directory: z.string(),
  tasks: z.array(
    z.array(
      z.looseObject({
        id: z.string(),
        steps: z.int(),
        run: z.looseObject({ label: z.string(), config: z.looseObject({}) }),
      }),
    ),
  ),
});

/** The runs of an array's tasks, as the tasks read them: decided where they were submitted, and kept to by the tasks. */
export interface TaskFile {
  readonly directory: string;
  readonly tasks: readonly (readonly PlannedRun[])[];
}

export const readTaskFile = (path: string): TaskFile | undefined =>
  readJsonAs(path, taskFileSchema, "submit its runs anew") as TaskFile | undefined;

const slurmDirectory = (directory: string) => join(directory, "slurm");
const submissionsPath = (directory: string) => join(slurmDirectory(directory), "submissions.json");

export const readSubmissions = (directory: string): Submissions =>
  readJsonAs(submissionsPath(directory), submissionsSchema, "move it away to submit all unfinished runs anew") ?? {
    tasks: [],
    earlier: {},
  };

export const writeSubmissions = (directory: string, submissions: Submissions) =>
  writeJson(submissionsPath(directory), submissions);

/** When a run's manifest was written, in milliseconds; 0 where there is none. */
export function manifestTime(directory: string, id: string): number {
  const path = manifestPath(join(runsDirectory(directory), id));
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const chunks = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

const program = join(packageDirectory, "bin", "run-experiment.js");

/** A free directory slurm/1, slurm/2, … for the files of one array. */
function arrayDirectory(directory: string): string {
  const parent = slurmDirectory(directory);
  return onDisk("create", parent, () => {
    makeDirectory(parent);
    let n = readdirSync(parent).length;
    while (existsSync(join(parent, String(n)))) n++;
    mkdirSync(join(parent, String(n)));
    return resolve(parent, String(n));
  });
}

/** Submits tasks as one job array. */
async function submitArray(
  directory: string,
  name: string,
  tasks: readonly (readonly PlannedRun[])[],
  attempt: number,
  options: SlurmOptions,
): Promise<SubmittedTask[]> {
  const files = arrayDirectory(directory);
  const taskFile: TaskFile = {
    directory: resolve(directory),
    tasks,
  };
  writeJson(join(files, "tasks.json"), taskFile);
  const { partition, time, throttle } = options;
  const job = await submitBatch(
    [
      // First, so that those below, which the following counts on, have the last word.
      ...options.options,
      `--job-name=${name}`,
      `--array=0-${tasks.length - 1}${throttle === undefined ? "" : `%${throttle}`}`,
      // sbatch reads %, blanks and backslashes of a path in ways of its own: the task opens its log by itself.
      "--output=/dev/null",
      ...(partition === undefined ? [] : [`--partition=${partition}`]),
      ...(time === undefined ? [] : [`--time=${time}`]),
    ],
    // exec: the signal that ends a task reaches the program, which saves its run.
    `#!/bin/sh\nexec >>${quoted(join(files, "task-"))}"$SLURM_ARRAY_TASK_ID".log 2>&1\nexec ${[process.execPath, program, "task", join(files, "tasks.json")].map(quoted).join(" ")} "$SLURM_ARRAY_TASK_ID"\n`,
  );
  return tasks.map((runs, index) => ({
    job,
    index,
    log: join(files, `task-${index}.log`),
    ids: runs.map(({ id }) => id),
    attempt,
    ...(runs.some(({ rung }) => rung) && {
      rungs: Object.fromEntries(runs.flatMap(({ id, rung }) => (rung ? [[id, rung.step]] : []))),
    }),
  }));
}

/** Submits runs, as few arrays as the cluster's limit allows; yields each array's tasks as soon as it is submitted. */
export async function* submitRuns(
  directory: string,
  name: string,
  runs: readonly PlannedRun[],
  attempt: number,
  options: SlurmOptions,
): AsyncGenerator<SubmittedTask[]> {
  const limit = await largestArray();
  for (const tasks of chunks(chunks(runs, options.runsPerTask), limit)) {
    yield await submitArray(directory, name, tasks, attempt, options);
  }
}
