import { accessSync, constants, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Run } from "../config/expand.js";
import type { Experiment } from "../config/load.js";
import { ExperimentError, messageOf } from "../errors.js";
import { ExpectationReader, type Finding } from "../expectations/evaluate.js";
import { onDisk, writeJson } from "../results/files.js";
import { isFinished, type Manifest } from "../results/manifest.js";
import { provenance } from "../results/provenance.js";
import { writeSummary } from "../results/summary.js";
import { type Executor, inProcess } from "./executor.js";
import { type PlannedRun, planRun } from "./plan.js";
import { Resources } from "./resources.js";
import { finishedManifest } from "./run.js";
import { type RunsObserver, schedule } from "./schedule.js";

export interface ExecutionOptions {
  /** Directory of all results; the experiment's own is named after it. */
  readonly out: string;
  /** Make finished runs again. */
  readonly force: boolean;
  /** Runs at once; default: one a core, or one where the backend cannot be shared. */
  readonly jobs?: number | undefined;
  readonly signal?: AbortSignal;
}

/** Follows an experiment from outside. */
export interface ExperimentObserver extends RunsObserver {
  /** @param total runs of the matrix, of which `finished` had been made before */
  begin(total: number, finished: number): void;
}

export interface ExperimentResult {
  readonly directory: string;
  /** Of every run that was made or found finished, in the matrix's order. */
  readonly manifests: readonly Manifest[];
  /** Number of runs found finished and not made again. */
  readonly skipped: number;
  /** What stopped single runs, one line a run; the others went on. */
  readonly failures: readonly string[];
  readonly interrupted: boolean;
  /** One for each expectation of the config; none while runs are missing. */
  readonly findings: readonly Finding[];
}

function prepareDirectory(out: string, { name }: Experiment): string {
  const directory = join(out, name);
  // The schema of names forbids separators; this keeps the promise should it ever change.
  if (resolve(out) === resolve(directory) || !resolve(directory).startsWith(resolve(out))) {
    throw new ExperimentError(`name: "${name}" would put results outside ${out}`);
  }
  return onDisk("create", directory, () => {
    mkdirSync(join(directory, "runs"), { recursive: true });
    accessSync(join(directory, "runs"), constants.W_OK);
    return directory;
  });
}

/** In this process, where one run at a time is all there is to do and nothing has to be enforced; else in workers. */
async function executorFor(
  pending: readonly PlannedRun[],
  { jobs }: ExecutionOptions,
  resources: Resources,
): Promise<Executor> {
  const { isShareable } = await import("../compute/backends.js");
  const shared = pending.every(({ backend }) => isShareable(backend));
  const count = Math.min(jobs ?? (shared ? availableParallelism() : 1), pending.length);
  const isLimited = pending.some(({ run }) => run.config.stop.wallSeconds !== undefined);
  if (count <= 1 && !isLimited) return inProcess(resources);
  const { WorkerPool } = await import("./worker-pool.js");
  return new WorkerPool({ jobs: Math.max(1, count) });
}

/** Keeps summary.csv up to date, but spends little of the time on it however many runs there are. */
function summaryKeeper(directory: string, announce: (line: string) => void) {
  let due = 0;
  const write = () => {
    const started = performance.now();
    try {
      writeSummary(directory);
    } catch (error) {
      announce(messageOf(error));
    }
    const now = performance.now();
    due = now + Math.max(1000, 20 * (now - started));
  };
  return {
    afterRun: () => {
      if (performance.now() >= due) write();
    },
    atEnd: write,
  };
}

/**
 * Makes the runs of an experiment that are not finished yet and goes on with those that were cut off. A run that fails
 * is recorded, and the others go on.
 *
 * @throws ExperimentError before anything is written, if one of the runs cannot be made as configured
 */
export async function executeExperiment(
  experiment: Experiment,
  runs: readonly Run[],
  options: ExecutionOptions,
  observer: ExperimentObserver,
): Promise<ExperimentResult> {
  const { force, signal } = options;
  const announce = (line: string) => observer.announce(line);
  const resources = new Resources(announce);
  const planned: PlannedRun[] = [];
  for (const run of runs) planned.push(await planRun(run, resources));

  const directory = prepareDirectory(options.out, experiment);
  writeJson(join(directory, "experiment.json"), {
    config: experiment.raw,
    runs: planned.map(({ id, run }) => ({ id, label: run.label, axes: run.axes, seed: run.config.seed })),
    provenance: provenance(),
  });

  const finished = new Map(
    planned.flatMap((plan) => {
      const manifest = force ? undefined : finishedManifest(directory, plan);
      return manifest ? [[plan.id, manifest] as const] : [];
    }),
  );
  const pending = planned.filter(({ id }) => !finished.has(id));
  observer.begin(planned.length, finished.size);
  const summary = summaryKeeper(directory, announce);
  const executor = await executorFor(pending, options, resources);
  try {
    const { afterRun } = summary;
    const made = await schedule(pending, {
      directory,
      executor,
      force,
      signal,
      observer,
      afterRun,
    });
    const manifests = planned.flatMap(({ id }) => finished.get(id) ?? made.manifests.get(id) ?? []);
    const isComplete = manifests.length === planned.length && manifests.every(isFinished);
    const reader = new ExpectationReader(manifests, directory);
    return {
      directory,
      manifests,
      skipped: finished.size,
      failures: made.failures,
      interrupted: signal?.aborted ?? false,
      findings: isComplete ? experiment.expect.map((expectation) => reader.evaluate(expectation)) : [],
    };
  } finally {
    await executor.close();
    summary.atEnd();
  }
}
