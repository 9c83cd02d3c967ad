import { type AxisFacts, anyAxis, type Edge, edgesOf } from "./edge.js";
import { type GoodRange, goodRangeOf } from "./good-range.js";
import { bestOfAll, type Group, medianOf, scoresOf, tunings } from "./groups.js";
import type { Objective } from "./objective.js";

/** What the seeds of a group came to. Values are infinite where a seed came to nothing. */
export interface Spread {
  readonly seeds: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the seeds (n − 1) over √n; undefined for one seed, or where one came to nothing. */
  readonly standardError: number | undefined;
  /** How many of them diverged, and how many failed, or were not made to their end. */
  readonly diverged: number;
  readonly unfinished: number;
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation (n − 1) over √n; undefined for one value, or if one is not finite. */
export function standardErrorOf(values: readonly number[]): number | undefined {
  const n = values.length;
  if (n < 2 || !values.every(Number.isFinite)) return undefined;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) / n);
}

export function spreadOf(group: Group, objective: Objective): Spread {
  const scores = scoresOf(group, objective);
  const count = (...statuses: string[]) => group.runs.filter(({ status }) => statuses.includes(status)).length;
  return {
    seeds: scores.length,
    median: medianOf(group, objective),
    min: Math.min(...scores),
    max: Math.max(...scores),
    mean: meanOf(scores),
    standardError: standardErrorOf(scores),
    diverged: count("diverged"),
    unfinished: count("failed", "interrupted", "running"),
  };
}

/** The configuration that an optimizer is to be judged by under some conditions, and what it took to find it. */
export interface TunedWinner extends Spread {
  readonly optimizer: string;
  /** The conditions in words; empty where none is swept. */
  readonly facet: string;
  readonly group: Group;
  /** The budget: how many configurations were tried. */
  readonly configurations: number;
  /** Axes on which the best value is the last one that was tried. */
  readonly edges: readonly Edge[];
  /** How far its learning rate may be off. */
  readonly goodRange: GoodRange | undefined;
}

/** Whether the seeds came to something at all. */
export const hasWon = ({ median }: Pick<Spread, "median">): boolean => Number.isFinite(median);

/**
 * The best configuration of each optimizer under each combination of conditions, by the median over its seeds.
 *
 * @param facts how far axes may go on; by default to any value that keeps the sign of the others
 */
export function tunedWinners(
  groups: readonly Group[],
  objective: Objective,
  facts: AxisFacts = anyAxis,
): TunedWinner[] {
  return tunings(groups).map((own) => {
    const group = bestOfAll(own, objective);
    const spread = spreadOf(group, objective);
    const { optimizer, facet } = group;
    return {
      ...{ optimizer, facet, group, ...spread },
      configurations: own.length,
      edges: hasWon(spread) ? edgesOf(own, group, objective, facts) : [],
      goodRange: goodRangeOf(own, group, objective),
    };
  });
}
