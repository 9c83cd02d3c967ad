import { join } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { forTable, toDigits } from "../base/numbers.js";
import { medianScore, type Objective, objectiveOf, wordsOf, worstOf } from "../comparison/objective.js";
import { ranking, rungSteps, scoreAtStep } from "../comparison/rungs.js";
import type { RungScore } from "../comparison/search-table.js";
import type { ObjectiveOptions } from "../config/objective-schema.js";
import type { Halving } from "../config/search.js";
import { type Manifest, readManifest, writeManifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { Traces } from "../results/traces.js";
import { type PlannedRun, type Rung, stepsPerEvaluation } from "./plan.js";
import { rungText } from "./run.js";

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));

/** Steps between two evaluations that a run's trace has. */
function stepsBetweenRows(planned: PlannedRun): number {
  const every = stepsPerEvaluation(planned);
  const { batchSize, trace } = planned.run.config;
  // With full batches an evaluation adds no row of its own.
  if (batchSize !== "full" || every === Number.POSITIVE_INFINITY) return every;
  return (every / greatestCommonDivisor(every, trace.every)) * trace.every;
}

/**
 * The steps at which the rungs of a run end.
 *
 * @throws ExperimentError if the first one ends before anything is evaluated
 */
export function rungStepsOf(planned: PlannedRun, halving: Halving): number[] {
  const between = stepsBetweenRows(planned);
  const steps = rungSteps(planned.steps, halving, between);
  if (steps[0]! > 0) return steps;
  const first = planned.steps / halving.factor ** (halving.rungs - 1);
  const rhythm =
    between === Number.POSITIVE_INFINITY ? "there is none but that at the end" : `they come every ${between}`;
  throw new ExperimentError(
    `search.successiveHalving: the first of ${halving.rungs} rungs of ${planned.run.label} ends at step ${toDigits(first, 4)}, before an evaluation (${rhythm}); use fewer rungs, a smaller factor or more steps, or evaluate and trace more often`,
  );
}

/** By the id of a run, the steps at which its rungs end. */
export type Rungs = ReadonlyMap<string, readonly number[]>;

/**
 * @throws ExperimentError if one of the runs is not evaluated before its first rung ends, or what they are compared by is
 *   not known there
 */
export function planRungs(
  runs: readonly PlannedRun[],
  halving: Halving,
  objective: ObjectiveOptions | undefined,
): Rungs {
  if (objective?.statistic === "target") {
    throw new ExperimentError(
      "search.successiveHalving: before a target is reached no trial is better than another; set objective to a column, such as val_loss",
    );
  }
  return new Map(runs.map((planned) => [planned.id, rungStepsOf(planned, halving)]));
}

export interface HalvingRequest {
  readonly halving: Halving;
  readonly rungs: Rungs;
  readonly directory: string;
  readonly objective: ObjectiveOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly announce: (line: string) => void;
  /** Makes these runs as far as they are planned, those left out that are there. */
  readonly complete: (runs: readonly PlannedRun[], isFirst: boolean) => Promise<ReadonlyMap<string, Manifest>>;
}

/** The trials of each optimizer in each cell of the sweep, in order; of each its runs, which differ in their seed. */
function cellsOf(runs: readonly PlannedRun[]): PlannedRun[][][] {
  const cells = new Map<string, Map<number, PlannedRun[]>>();
  for (const planned of runs) {
    const { among, index } = planned.run.trial!;
    const trials = cells.get(among) ?? new Map<number, PlannedRun[]>();
    cells.set(among, trials.set(index, [...(trials.get(index) ?? []), planned]));
  }
  return [...cells.values()].map((trials) => [...trials].sort(([a], [b]) => a - b).map(([, own]) => own));
}

/** Reads what trials had come to by the end of a rung. */
class RungReader {
  private readonly traces: Traces;
  private isMeasured = false;

  constructor(
    readonly objective: Objective,
    directory: string,
    private readonly manifests: ReadonlyMap<string, Manifest>,
  ) {
    this.traces = new Traces(directory);
  }

  private scoreOf(planned: PlannedRun): number {
    const manifest = this.manifests.get(planned.id);
    if (!manifest) return worstOf(this.objective);
    const series = this.traces.series(manifest, this.objective.column);
    this.isMeasured ||= series.values.length > 0 || manifest.status === "diverged";
    const every = stepsPerEvaluation(planned);
    return scoreAtStep(this.objective, manifest, series, planned.rung!.step, (step) => step % every === 0);
  }

  /** The median over the seeds of a trial. */
  score(trial: readonly PlannedRun[]): number {
    return medianScore(
      this.objective,
      trial.map((planned) => this.scoreOf(planned)),
    );
  }

  /** @throws ExperimentError if none of the runs that were read has anything to be compared by */
  checkMeasured(): void {
    if (this.isMeasured) return;
    throw new ExperimentError(
      `search.successiveHalving: no run has measured ${this.objective.column} by the end of its rung; set objective to a column that is measured, such as train_loss`,
    );
  }
}

/** A trial with its rank among those of its optimizer, from 1. */
interface Ranked {
  readonly trial: readonly PlannedRun[];
  readonly rank: number;
  readonly score: number;
}

function ranked(trials: readonly (readonly PlannedRun[])[], reader: RungReader): Ranked[] {
  const scores = trials.map((trial) => reader.score(trial));
  return ranking(reader.objective, scores).map((place, i) => ({
    trial: trials[place]!,
    rank: i + 1,
    score: scores[place]!,
  }));
}

/** Whether a run ended by an error of its own, which counts as the worst; what was cancelled or lost may yet be made. */
const hasFailed = (directory: string, id: string) =>
  readManifest(join(runsDirectory(directory), id))?.status === "failed";

/** Adds to the manifest of a run that does not go on why it does not. */
function withRank(directory: string, manifest: Manifest, { rung }: PlannedRun, rank: string): Manifest {
  const stopReason = `${rungText(rung!)}: ${rank}`;
  if (manifest.status !== "stopped" || manifest.stopReason === stopReason) return manifest;
  const told: Manifest = { ...manifest, stopReason };
  writeManifest(join(runsDirectory(directory), manifest.id), told, { durable: true });
  return told;
}

/** Optimizers and cells of the sweep that are told one by one; of more the number of runs must do. */
const mostTold = 8;

const heading = ({ index, of }: Pick<Rung, "index" | "of">) => `rung ${index} of ${of}`;

/** How far these runs are to be made, if all alike. */
function extentText(runs: readonly PlannedRun[]): string {
  const steps = new Set(runs.map((planned) => planned.rung?.step ?? planned.steps));
  return steps.size === 1 ? `, to step ${[...steps][0]}` : "";
}

/**
 * Makes the trials of a search by successive halving: all of them to the first rung, and the best 1/factor of each optimizer
 * in each cell of the sweep from one rung to the next. A rung is the beginning of the whole run, which goes on from
 * its checkpoint, and trials are ranked when all have come to it: what happens follows from the config alone.
 *
 * @param runs every run of the search
 * @returns the manifests of the runs that were made or found, by id, and what trials were ranked by
 * @throws ExperimentError if no run measures the objective
 */
export async function makeByHalving(
  runs: readonly PlannedRun[],
  { halving, rungs, directory, objective, signal, announce, complete }: HalvingRequest,
): Promise<{ readonly manifests: ReadonlyMap<string, Manifest>; readonly scores: readonly RungScore[] }> {
  const { rungs: of, factor } = halving;
  const manifests = new Map<string, Manifest>();
  const scores: RungScore[] = [];
  let active = runs;
  for (let index = 1; ; index++) {
    const isLast = index === of;
    const planned = active.map(
      (one): PlannedRun => (isLast ? one : { ...one, rung: { index, of, step: rungs.get(one.id)![index - 1]! } }),
    );
    announce(`${heading({ index, of })}: ${planned.length} runs${extentText(planned)}`);
    const made = await complete(planned, index === 1);
    for (const [id, manifest] of made) manifests.set(id, manifest);
    if (isLast || signal?.aborted) return { manifests, scores };
    const unknown = planned.filter(({ id }) => !made.has(id) && !hasFailed(directory, id));
    if (unknown.length > 0) {
      announce(
        `${heading({ index, of })}: ${unknown.length} runs have not come to its end, so that none is ranked; the same command goes on`,
      );
      return { manifests, scores };
    }

    const reader = new RungReader(objectiveOf(objective, [...manifests.values()]), directory, manifests);
    const cells = cellsOf(planned).map((trials) => ranked(trials, reader));
    reader.checkMeasured();
    const promoted = new Set<string>();
    for (const trials of cells) {
      const count = Math.ceil(trials.length / factor);
      scores.push(...trials.map(({ trial, score }) => ({ ...trial[0]!.run.trial!, rung: index, score })));
      for (const { trial } of trials.slice(0, count)) for (const { id } of trial) promoted.add(id);
      for (const { trial, rank } of trials.slice(count)) {
        for (const one of trial) {
          const manifest = manifests.get(one.id);
          if (manifest) manifests.set(one.id, withRank(directory, manifest, one, `rank ${rank} of ${trials.length}`));
        }
      }
      if (cells.length <= mostTold)
        announce(`${heading({ index, of })}: ${outcomeText(trials, count, reader.objective)}`);
    }
    active = active.filter(({ id }) => promoted.has(id));
  }
}

/** "4 of 16 trials of lars go on; best final gap 0.012" */
function outcomeText(trials: readonly Ranked[], count: number, objective: Objective): string {
  const [{ trial, score }] = trials as [Ranked];
  const { among } = trial[0]!.run.trial!;
  return `${count} of ${trials.length} trials of ${among} go on; best ${wordsOf(objective)} ${forTable(score, 4)}`;
}
