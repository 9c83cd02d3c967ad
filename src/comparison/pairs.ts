import type { Group } from "./groups.js";
import { isBetter, type Objective, scoreOf } from "./objective.js";
import { centralQuantile } from "./student.js";
import { meanOf, standardErrorOf } from "./tuned.js";

/** The share of intervals that would cover the true difference, were seeds drawn anew and differences normal. */
export const confidence = 0.95;

/** How two configurations differ on the seeds that both were run with. */
export interface PairedDifference {
  /** Common seeds on which both came to a number. */
  readonly seeds: number;
  /** Common seeds on which one of them did not: they have no difference, and are left out. */
  readonly lost: number;
  /** Of one − other over the seeds; NaN for none. */
  readonly mean: number;
  /** Student's interval for it; absent for one seed, and where all differ alike: seeds that change nothing repeat nothing. */
  readonly interval?: { readonly low: number; readonly high: number };
  /** "better" where the whole interval lies on the better side of 0, for the first of the two. */
  readonly verdict: "better" | "worse" | "not told apart";
}

/** @param differences one − other, a number a seed */
function intervalOf(differences: readonly number[]): PairedDifference["interval"] {
  const error = standardErrorOf(differences);
  if (error === undefined || error === 0) return undefined;
  const [mean, reach] = [meanOf(differences), centralQuantile(confidence, differences.length - 1) * error];
  return { low: mean - reach, high: mean + reach };
}

function verdictOf(interval: PairedDifference["interval"], objective: Objective): PairedDifference["verdict"] {
  if (!interval || Math.sign(interval.low) * Math.sign(interval.high) <= 0) return "not told apart";
  return isBetter(objective, interval.low, 0) ? "better" : "worse";
}

/** Compares two configurations seed by seed: what a seed does to both drops out. */
export function pairedDifference(one: Group, other: Group, objective: Objective): PairedDifference {
  const theirs = new Map(other.runs.map((run) => [run.seed, scoreOf(objective, run)]));
  const common = one.runs.flatMap((run) => {
    const score = theirs.get(run.seed);
    return score === undefined ? [] : [scoreOf(objective, run) - score];
  });
  const differences = common.filter(Number.isFinite);
  const interval = intervalOf(differences);
  return {
    seeds: differences.length,
    lost: common.length - differences.length,
    mean: meanOf(differences),
    ...(interval && { interval }),
    // A seed that came to nothing is no difference of 0.
    verdict: common.length > differences.length ? "not told apart" : verdictOf(interval, objective),
  };
}
