import { accessSync, constants } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { breather } from "../base/breather.js";
import { ExperimentError, messageOf } from "../base/errors.js";
import { makeDirectory, onDisk, writeAtomically, writeJson } from "../base/files.js";
import { type Objective, objectiveOf } from "../comparison/objective.js";
import { type RungScore, searchCsv } from "../comparison/search-table.js";
import { searchedOf } from "../comparison/searched.js";
import { TargetReader } from "../comparison/targets.js";
import { isShareable } from "../compute/backends.js";
import type { Run } from "../config/expand.js";
import type { Experiment } from "../config/load.js";
import type { Target } from "../config/target-schema.js";
import { ExpectationReader, type Finding } from "../expectations/evaluate.js";
import type { Registry } from "../registry/registry.js";
import { isFinished, isSettled, type Manifest } from "../results/manifest.js";
import { provenance } from "../results/provenance.js";
import { writeSummary } from "../results/summary.js";
import type { CsvOptions } from "../trace/csv-file.js";
import { type BatchRuns, batchesOf, obstaclesOf } from "./batches.js";
import { type Executor, inProcess } from "./executor.js";
import { makeByHalving, planRungs, type Rungs } from "./halving.js";
import { type PlannedRun, planRun } from "./plan.js";
import { Resources } from "./resources.js";
import { madeManifest, setRunAside } from "./run-directory.js";
import { type RunsObserver, type ScheduleResult, schedule } from "./run-queue.js";

export interface ExecutionOptions {
  /** Directory of all results; the experiment's own is named after it. */
  readonly out: string;
  /** Make finished runs again. */
  readonly force: boolean;
  /** Runs at once; default: one a core, or one where the backend cannot be shared. */
  readonly jobs?: number | undefined;
  /** How many runs train together; default: none. */
  readonly batchRuns?: BatchRuns | undefined;
  /** Where runs are made; on a cluster with these ways of following it. */
  readonly slurm?: { readonly attach: boolean; readonly cancel: boolean } | undefined;
  /** Only every `of`-th run, beginning with the `index`-th, from 1: for schedulers this tool does not know. */
  readonly shard?: { readonly index: number; readonly of: number } | undefined;
  readonly signal?: AbortSignal;
  /** Keep spreadsheets from computing texts in summary.csv. */
  readonly escapeFormulas?: boolean | undefined;
}

/** Follows an experiment from outside. */
export interface ExperimentObserver extends RunsObserver {
  /** @param total runs of the matrix, of which `finished` had been made before */
  begin(total: number, finished: number): void;
  /** Nothing more follows of this experiment. */
  finish(): void;
}

export interface ExperimentResult {
  readonly directory: string;
  /** Of every run that was made or found finished, in the matrix's order. */
  readonly manifests: readonly Manifest[];
  /** What they are compared by. */
  readonly objective: Objective;
  /** What they were to reach, if anything. */
  readonly target?: readonly Target[] | undefined;
  /** Number of runs found finished and not made again. */
  readonly skipped: number;
  /** What stopped single runs, one line a run; the others went on. */
  readonly failures: readonly string[];
  /** Stack traces of those that the tool itself is to blame for. */
  readonly bugs: readonly string[];
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
    makeDirectory(join(directory, "runs"));
    accessSync(join(directory, "runs"), constants.W_OK);
    return directory;
  });
}

/** How many runs, or batches of them, are made at once. */
function jobsFor(pending: readonly PlannedRun[], jobs: number | undefined): number {
  if (jobs !== undefined) return jobs;
  return pending.every(({ backend }) => isShareable(backend.name)) ? availableParallelism() : 1;
}

/** In this process, where one run or batch at a time is all there is to do and nothing has to be enforced; else in workers. */
export async function executorFor(
  batches: readonly (readonly PlannedRun[])[],
  { jobs }: Pick<ExecutionOptions, "jobs">,
  resources: Resources,
): Promise<Executor> {
  const pending = batches.flat();
  const count = Math.min(jobsFor(pending, jobs), batches.length);
  const isLimited = pending.some(({ run }) => run.config.stop.wallSeconds !== undefined);
  const workers = async (jobs: number) => new (await import("./worker-pool.js")).WorkerPool({ jobs, resources });
  return count <= 1 && !isLimited ? inProcess(resources, () => workers(1)) : workers(Math.max(1, count));
}

/** Keeps summary.csv up to date, but spends little of the time on it however many runs there are. */
function summaryKeeper(directory: string, targets: TargetReader, options: CsvOptions): SummaryKeeper {
  let due = 0;
  let failure: string | undefined;
  const write = () => {
    const started = performance.now();
    try {
      writeSummary(directory, options, (run) => targets.read(run, directory));
      failure = undefined;
    } catch (error) {
      failure = messageOf(error);
    }
    const now = performance.now();
    due = now + Math.max(1000, 20 * (now - started));
  };
  return {
    afterRun: () => {
      if (performance.now() >= due) write();
    },
    atEnd() {
      write();
      return failure;
    },
  };
}

interface SummaryKeeper {
  afterRun(): void;
  /** @returns why summary.csv is not what it should be, if it is not */
  atEnd(): string | undefined;
}

/** @returns why search.csv could not be written, if it could not */
function writtenSearch(directory: string, text: string): string | undefined {
  try {
    writeAtomically(join(directory, "search.csv"), text);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const noSummary: SummaryKeeper = { afterRun() {}, atEnd: () => undefined };

/** Every n-th run rather than a block of them: neighbours take alike long. */
function shardOf(planned: readonly PlannedRun[], shard: ExecutionOptions["shard"]): readonly PlannedRun[] {
  return shard ? planned.filter((_, i) => i % shard.of === shard.index - 1) : planned;
}

/** What making some runs came to. */
interface Made extends ScheduleResult {
  /** What the trials of a search were ranked by. */
  readonly scores: readonly RungScore[];
  /** Ids of the runs that were not found made. */
  readonly attempted: readonly string[];
}

/** Makes an experiment's runs where the options say. */
class Maker {
  private readonly failures: string[] = [];
  private readonly bugs: string[] = [];
  private readonly attempted = new Set<string>();
  /** Kept from rung to rung. */
  private executor: Executor | undefined;
  /** Runs that the executor is to be large enough for; default: those it makes first. */
  private crew: readonly PlannedRun[] | undefined;

  constructor(
    private readonly experiment: Experiment,
    private readonly directory: string,
    private readonly resources: Resources,
    private readonly options: ExecutionOptions,
    private readonly observer: ExperimentObserver,
    private readonly afterRun: () => void,
  ) {}

  /**
   * Makes these runs as far as they are planned, but for those that are there.
   *
   * @param isFirst whether none of them has been made by this session as far as an earlier rung
   */
  private async complete(runs: readonly PlannedRun[], isFirst: boolean): Promise<ReadonlyMap<string, Manifest>> {
    const { directory, observer } = this;
    const force = this.options.force && isFirst;
    const found = runs.flatMap((planned): [string, Manifest][] => {
      const manifest = force ? undefined : madeManifest(directory, planned, (line) => observer.announce(line));
      return manifest ? [[planned.id, manifest]] : [];
    });
    const known = new Map(found);
    const pending = runs.filter(({ id }) => !known.has(id));
    observer.begin(runs.length, known.size);
    const { manifests, failures, bugs } = await this.makePending(pending, force);
    for (const { id } of pending) this.attempted.add(id);
    this.failures.push(...failures);
    this.bugs.push(...bugs);
    return new Map([...known, ...manifests]);
  }

  private async makePending(pending: readonly PlannedRun[], force: boolean): Promise<ScheduleResult> {
    const { options, directory, observer, afterRun, resources } = this;
    const { signal } = options;
    if (options.slurm) {
      if (force) for (const plan of pending) setRunAside(directory, plan);
      const { executeOnSlurm } = await import("./slurm.js");
      const { name, slurm } = this.experiment;
      const following = { ...options.slurm, inParts: this.crew !== undefined };
      return executeOnSlurm(pending, { name, directory, options: slurm, ...following, signal, observer, afterRun });
    }
    const batches = await this.batches(pending);
    if (pending.length > 0) {
      this.executor ??= await executorFor(this.crew ? await this.batches(this.crew) : batches, options, resources);
    }
    const executor = this.executor ?? (await executorFor([], options, resources));
    return schedule(batches, { directory, executor, force, signal, observer, afterRun });
  }

  private async batches(runs: readonly PlannedRun[]): Promise<PlannedRun[][]> {
    const { batchRuns = "off", jobs } = this.options;
    return batchesOf(runs, batchRuns, jobsFor(runs, jobs));
  }

  /** @param rungs of the runs, where they are the trials of a successive halving */
  async make(runs: readonly PlannedRun[], rungs: Rungs | undefined): Promise<Made> {
    const { directory, observer } = this;
    const { objective, search } = this.experiment;
    const complete = this.complete.bind(this);
    const announce = (line: string) => observer.announce(line);
    const { signal } = this.options;
    const halving = search?.successiveHalving;
    try {
      if (rungs) this.crew = runs;
      const { manifests, scores } =
        rungs && halving
          ? await makeByHalving(runs, { halving, rungs, directory, objective, signal, announce, complete })
          : { manifests: await complete(runs, true), scores: [] };
      const { failures, bugs, attempted } = this;
      return { manifests, scores, failures, bugs, attempted: [...attempted] };
    } finally {
      await this.executor?.close();
    }
  }
}

const secondsBetweenPlanningLines = 3;

function refuseIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new ExperimentError("interrupted while planning; no run was begun", { reason: "interrupted" });
}

/**
 * Plans every run, letting timers and signals through on the way.
 *
 * @throws ExperimentError at the first run that cannot be made, if two runs share an id, or when the signal comes
 */
async function plan(
  runs: readonly Run[],
  registry: Registry,
  resources: Resources,
  announce: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<PlannedRun[]> {
  const planned: PlannedRun[] = [];
  const byId = new Map<string, Run>();
  let told = performance.now();
  const breathe = breather(30);
  for (const run of runs) {
    const one = await planRun(run, registry, resources).catch((error) => {
      refuseIfAborted(signal);
      throw error;
    });
    const other = byId.get(one.id);
    if (other) {
      throw new ExperimentError(
        `the runs "${other.label}" and "${run.label}" share the id ${one.id}: they are the same run, or their hashes collide; leave one of them out`,
      );
    }
    byId.set(one.id, run);
    planned.push(one);
    await breathe();
    refuseIfAborted(signal);
    if (performance.now() - told < secondsBetweenPlanningLines * 1000) continue;
    told = performance.now();
    announce(`planning: ${planned.length} of ${runs.length} runs`);
  }
  return planned;
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
  const { signal } = options;
  const announce = (line: string) => observer.announce(line);
  const resources = new Resources(announce, signal);
  const planned = await plan(runs, experiment.registry, resources, announce, signal);
  const halving = experiment.search?.successiveHalving;
  if (halving && options.shard) {
    throw new ExperimentError(
      "--shard: successiveHalving compares all trials with each other; leave --shard out, or use --executor slurm",
    );
  }
  const rungs = halving && planRungs(planned, halving, experiment.objective);
  for (const obstacle of obstaclesOf(planned, options.batchRuns ?? "off")) {
    announce(`--batch-runs ${options.batchRuns}: runs are trained one by one: ${obstacle}`);
  }

  const directory = prepareDirectory(options.out, experiment);
  writeJson(join(directory, "experiment.json"), {
    config: experiment.raw,
    ...(experiment.extended && { extended: experiment.extended }),
    ...(experiment.registry.plugins.length > 0 && { plugins: experiment.registry.plugins }),
    runs: planned.map(({ id, run }) => ({
      id,
      label: run.label,
      axes: run.axes,
      ...(run.trial && { trial: run.trial }),
      seed: run.config.seed,
    })),
    provenance: provenance(),
  });

  const own = shardOf(planned, options.shard);
  // Shards work at the same time and see only a part each.
  const targets = new TargetReader(experiment.target);
  const summary = options.shard ? noSummary : summaryKeeper(directory, targets, options);
  const unwritten: string[] = [];
  const tell = (failure: string | undefined) => {
    if (failure === undefined) return;
    announce(failure);
    unwritten.push(failure);
  };
  try {
    let made: Made;
    try {
      const maker = new Maker(experiment, directory, resources, options, observer, summary.afterRun);
      made = await maker.make(own, rungs);
    } finally {
      tell(summary.atEnd());
    }
    const results = own.flatMap(({ id }) => made.manifests.get(id) ?? []);
    const manifests = targets.readAll(results, directory);
    const objective = objectiveOf(experiment.objective, manifests);
    if (experiment.search && !options.shard) {
      const trials = new Map(own.map(({ id, run }) => [id, run.trial]));
      const searched = searchedOf(manifests, (id) => trials.get(id));
      tell(writtenSearch(directory, searchCsv(searched, objective, made.scores, options)));
    }
    const isComplete = manifests.length === planned.length && manifests.every(isSettled);
    const reader = new ExpectationReader(manifests.filter(isFinished), directory, objective);
    return {
      directory,
      manifests,
      objective,
      target: experiment.target,
      skipped: own.length - made.attempted.length,
      failures: [...made.failures, ...unwritten],
      bugs: made.bugs,
      interrupted: signal?.aborted ?? false,
      findings: isComplete ? experiment.expect.map((expectation) => reader.evaluate(expectation)) : [],
    };
  } finally {
    observer.finish();
  }
}
