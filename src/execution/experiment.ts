import { accessSync, constants, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Run } from "../config/expand.js";
import type { Experiment } from "../config/load.js";
import { ExperimentError } from "../errors.js";
import { ExpectationReader, type Finding } from "../expectations/evaluate.js";
import { onDisk, writeJson } from "../results/files.js";
import { isFinished, type Manifest } from "../results/manifest.js";
import { provenance } from "../results/provenance.js";
import { writeSummary } from "../results/summary.js";
import type { StepRecord } from "../training/record.js";
import { type PlannedRun, planRun } from "./plan.js";
import { Resources } from "./resources.js";
import { executeRun, finishedManifest } from "./run.js";

export interface ExecutionOptions {
  /** Directory of all results; the experiment's own is named after it. */
  readonly out: string;
  /** Make finished runs again. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
}

/** Follows an experiment from outside. */
export interface ExperimentObserver {
  announce(line: string): void;
  start(planned: PlannedRun, number: number, total: number): void;
  record(record: StepRecord): void;
  end(manifest: Manifest): void;
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

/**
 * Makes the runs of an experiment that are not finished yet, one after the other. A run that fails is recorded, and
 * the next one goes on.
 *
 * @throws ExperimentError before anything is written, if one of the runs cannot be made as configured
 */
export async function executeExperiment(
  experiment: Experiment,
  runs: readonly Run[],
  options: ExecutionOptions,
  observer: ExperimentObserver,
): Promise<ExperimentResult> {
  const resources = new Resources((line) => observer.announce(line));
  const planned: PlannedRun[] = [];
  for (const run of runs) planned.push(await planRun(run, resources));

  const directory = prepareDirectory(options.out, experiment);
  writeJson(join(directory, "experiment.json"), {
    config: experiment.raw,
    runs: planned.map(({ id, run }) => ({ id, label: run.label, axes: run.axes, seed: run.config.seed })),
    provenance: provenance(),
  });

  const manifests: Manifest[] = [];
  const failures: string[] = [];
  let skipped = 0;
  for (const [i, plan] of planned.entries()) {
    const finished = options.force ? undefined : finishedManifest(directory, plan);
    if (finished) {
      manifests.push(finished);
      skipped++;
      continue;
    }
    if (options.signal?.aborted) break;
    observer.start(plan, i + 1, planned.length);
    try {
      const manifest = await executeRun(
        plan,
        resources,
        directory,
        { onRecord: (record) => observer.record(record) },
        options.signal,
      );
      manifests.push(manifest);
      observer.end(manifest);
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      failures.push(`${plan.run.label}: ${error.message}`);
      observer.announce(`${plan.run.label}: failed: ${error.message}`);
    }
    writeSummary(directory);
  }
  if (skipped === planned.length) writeSummary(directory);
  const isComplete = manifests.length === planned.length && manifests.every(isFinished);
  const reader = new ExpectationReader(manifests, directory);
  return {
    directory,
    manifests,
    skipped,
    failures,
    interrupted: options.signal?.aborted ?? false,
    findings: isComplete ? experiment.expect.map((expectation) => reader.evaluate(expectation)) : [],
  };
}
