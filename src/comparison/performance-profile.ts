import { ExperimentError } from "../base/errors.js";
import type { Cost } from "../results/to-target.js";
import { bestGroups, type Group } from "./groups.js";
import { byStepsToTarget, type Objective } from "./objective.js";
import { toTargetOf } from "./targets.js";

/** What one optimizer took on one problem; infinite where it did not get there. */
export interface ProblemCost {
  readonly problem: string;
  readonly optimizer: string;
  readonly cost: number;
}

/** From which ratio on so large a share of the problems is within it. */
export interface ProfilePoint {
  /** τ ≥ 1 */
  readonly ratio: number;
  /** ρ_s(τ), from 0 to 1 */
  readonly share: number;
}

/** A step function: its value from each point's ratio to the next one's. */
export interface PerformanceProfile {
  readonly optimizer: string;
  /** By rising ratio; the first is at τ = 1. */
  readonly points: readonly ProfilePoint[];
}

/** c/best: how many times what the best took; infinite where the optimizer did not get there, nobody else either. */
function ratioOf(cost: number, best: number): number {
  if (cost === Number.POSITIVE_INFINITY) return cost;
  // Who took nothing is met by none but those who took nothing too.
  return cost === best ? 1 : cost / best;
}

/**
 * ρ_s(τ): the share of all problems on which optimizer s took at most τ times what the best optimizer took there (Dolan
 * and Moré, Mathematical Programming 91, 2002; AlgoPerf, arXiv:2306.07179). A problem that an optimizer did not solve, or
 * was not run on, counts as one on which it is within no ratio; so does, for all of them, one that nobody solved.
 *
 * @param costs one for each problem and optimizer, ≥ 0
 * @param largest τ up to which profiles are told
 */
export function performanceProfiles(costs: readonly ProblemCost[], largest = 4): PerformanceProfile[] {
  const problems = [...new Set(costs.map(({ problem }) => problem))];
  const best = new Map<string, number>();
  for (const { problem, cost } of costs) best.set(problem, Math.min(best.get(problem) ?? cost, cost));
  return [...new Set(costs.map(({ optimizer }) => optimizer))].map((optimizer) => {
    const ratios = costs
      .filter((one) => one.optimizer === optimizer)
      .map(({ problem, cost }) => ratioOf(cost, best.get(problem)!));
    const steps = [...new Set([1, ...ratios.filter((ratio) => ratio <= largest)])].sort((a, b) => a - b);
    const within = (ratio: number) => ratios.filter((one) => one <= ratio).length;
    return { optimizer, points: steps.map((ratio) => ({ ratio, share: within(ratio) / problems.length })) };
  });
}

/** ρ_s(τ) at one ratio. */
export const shareWithin = ({ points }: PerformanceProfile, ratio: number): number =>
  points.findLast((point) => point.ratio <= ratio)?.share ?? 0;

/**
 * What each optimizer took to the target under each of an experiment's conditions: the median over seeds of its
 * configuration that took fewest.
 *
 * @throws ExperimentError if that was not written down
 * @param experiment before the conditions in a problem's name, where there are several experiments
 */
export function costsToTarget(
  groups: readonly Group[],
  objective: Objective,
  cost: Cost,
  experiment = "",
): ProblemCost[] {
  return bestGroups(groups, byStepsToTarget(objective)).flatMap((group) => {
    const toTarget = toTargetOf(group);
    if (!toTarget) return [];
    const problem = [experiment, group.facet].filter((part) => part !== "").join(" ");
    const taken = toTarget[cost];
    if (taken === undefined) {
      throw new ExperimentError(
        `${problem || "the experiment"}: ${group.optimizer}: ${cost} were not written down when it ran; expected steps or epochs`,
      );
    }
    return { problem, optimizer: group.optimizer, cost: taken };
  });
}
