import type { Trial } from "../config/expand.js";
import type { Manifest } from "../results/manifest.js";
import { medianScore, type Objective, scoreOf } from "./objective.js";

/** A trial of a search with those of its runs that there are, which differ in their seed. */
export interface TrialRuns extends Trial {
  readonly runs: readonly Manifest[];
}

/** Everything that one optimizer was tried with in one cell of the sweep, in the order of the search. */
export interface Searched {
  readonly optimizer: string;
  /** The cell of the sweep in words, e.g. "batchSize=64"; empty without a sweep. */
  readonly cell: string;
  /** One at least. */
  readonly trials: readonly TrialRuns[];
}

/**
 * The trials of a search by optimizer and cell of the sweep; those of which nothing has been made are left out.
 *
 * @param trialOf of a run, by its id
 */
export function searchedOf(manifests: readonly Manifest[], trialOf: (id: string) => Trial | undefined): Searched[] {
  const cells = new Map<string, Map<number, Manifest[]>>();
  for (const manifest of manifests) {
    const trial = trialOf(manifest.id);
    if (!trial) continue;
    const trials = cells.get(trial.among) ?? new Map<number, Manifest[]>();
    cells.set(trial.among, trials.set(trial.index, [...(trials.get(trial.index) ?? []), manifest]));
  }
  return [...cells].map(([among, byIndex]) => {
    const trials = [...byIndex].sort(([a], [b]) => a - b).map(([index, runs]) => ({ among, index, runs }));
    const { optimizer } = trials[0]!.runs[0]!;
    return { optimizer, cell: among.slice(optimizer.length + 1), trials };
  });
}

/** What a trial came to: the median over its seeds, the worst there is where it was stopped at a rung. */
export const scoreOfTrial = ({ runs }: TrialRuns, objective: Objective): number =>
  medianScore(
    objective,
    runs.map((run) => scoreOf(objective, run)),
  );
