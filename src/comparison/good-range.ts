import { along } from "./edge.js";
import { axesOf, type Group, medianOf } from "./groups.js";
import { isAccuracy, type Objective } from "./objective.js";
import { spacingOf } from "./spacing.js";

/** What is almost as good as the best. */
export interface Tolerance {
  /** "within 1 percentage point of the best" */
  readonly words: string;
  readonly accepts: (value: number) => boolean;
}

const accuracyPoints = 0.01;

/**
 * Accuracies within one percentage point of the best; of numbers to be minimised those that are at most |best| worse,
 * that is twice the best where it is positive; of others to be maximised those that are at most half of it worse.
 */
export function toleranceOf(objective: Objective, best: number): Tolerance {
  // Absorbs the rounding of a difference of two shares.
  if (isAccuracy(objective))
    return {
      words: "within 1 percentage point of the best",
      accepts: (value) => Math.abs(best - value) <= accuracyPoints + 1e-12,
    };
  return objective.direction === "minimize"
    ? { words: "at most twice the best", accepts: (value) => value - best <= Math.abs(best) }
    : { words: "at least half the best", accepts: (value) => best - value <= Math.abs(best) / 2 };
}

/**
 * The values of a log axis around the best in which the median stays almost as good, everything else as at the best.
 * It ends at values that were tried: nothing is interpolated.
 */
export interface GoodRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** log10(to/from); 0 where the best value stands alone. */
  readonly decades: number;
  /** Whether it ends where the axis does, so that it may go on beyond. */
  readonly isOpen: boolean;
  /** How many values of the axis were tried. */
  readonly tried: number;
  /** What counted as almost as good. */
  readonly tolerance: string;
}

/** The learning rate if it is tuned, else the first tuned axis of numbers in constant ratio. */
function logAxisOf(own: readonly Group[]): string | undefined {
  const logarithmic = axesOf(own).tuned.filter(([, values]) => {
    if (values.length < 3 || !values.every((value) => typeof value === "number" && value > 0)) return false;
    return spacingOf((values as number[]).toSorted((a, b) => a - b)) === "log";
  });
  const paths = logarithmic.map(([path]) => path);
  return paths.find((path) => /\blearningRate\b/.test(path)) ?? paths[0];
}

/**
 * @param own what one optimizer was tried with under the same conditions
 * @param winner the best of them
 * @returns undefined without such an axis, or where the best came to no number
 */
export function goodRangeOf(own: readonly Group[], winner: Group, objective: Objective): GoodRange | undefined {
  const path = logAxisOf(own);
  const best = medianOf(winner, objective);
  if (path === undefined || !Number.isFinite(best)) return undefined;
  // What a search has stopped might have become as good.
  const line = along(own, winner, path).filter(({ runs }) => !runs.some(({ status }) => status === "stopped"));
  if (line.length < 2) return undefined;
  const tolerance = toleranceOf(objective, best);
  const isGood = (i: number) => i >= 0 && i < line.length && tolerance.accepts(medianOf(line[i]!, objective));
  let [first, last] = [line.indexOf(winner), line.indexOf(winner)];
  while (isGood(first - 1)) first--;
  while (isGood(last + 1)) last++;
  const [from, to] = [line[first]!.axes[path] as number, line[last]!.axes[path] as number];
  return {
    ...{ path, from, to, decades: Math.log10(to / from), tried: line.length },
    isOpen: first === 0 || last === line.length - 1,
    tolerance: tolerance.words,
  };
}
