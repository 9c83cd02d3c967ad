import { defaultConditions, type ObjectiveOptions } from "../config/objective-schema.js";
import type { Manifest } from "../results/manifest.js";
import { type Direction, outcomeOf, quantities, quantityOf } from "../results/quantities.js";
import { costOf } from "../results/to-target.js";
import { quantile } from "./quantile.js";

/** One number a run, by which runs are compared and configurations are chosen. */
export interface Objective {
  /** A column that evaluations fill, e.g. "val_accuracy"; "step" where the statistic is "target". */
  readonly column: string;
  /** "target": the steps to the experiment's target. */
  readonly statistic: "final" | "best" | "target";
  readonly direction: Direction;
  /** Swept paths, and the beginnings of such, that are conditions: nothing is chosen among their values. */
  readonly per: readonly string[];
}

/** Whether a swept path is a condition, in place of something that is tuned. */
export const isCondition = ({ per }: Pick<Objective, "per">, path: string): boolean =>
  per.some((condition) => path === condition || path.startsWith(`${condition}.`));

/** What people call it: "final validation accuracy". */
export const wordsOf = ({ column, statistic }: Objective): string =>
  statistic === "target" ? "steps to target" : `${statistic} ${quantities[quantityOf(column)].words}`;

/** The same runs compared by the fewest steps to the experiment's target. */
export const byStepsToTarget = (objective: Objective): Objective => ({
  ...objective,
  ...{ column: "step", statistic: "target", direction: "minimize" },
});

export const isAccuracy = ({ column }: Pick<Objective, "column">): boolean => column.endsWith("accuracy");

/** Never the test set's: what is chosen by it is not measured by it. */
const defaults = ["gap", "distance", "val_accuracy", "val_loss", "train_loss"] as const;

type Measured = Pick<Manifest, "outcome" | "status" | "toTarget">;

/** The first of the defaults that every run measures which came to an end, or to a rung of a search. */
function defaultColumn(runs: readonly Measured[]): string {
  const completed = runs.filter(({ status }) => status === "completed" || status === "stopped");
  const measured = (column: string) =>
    completed.every((run) => outcomeOf(run, "final", quantityOf(column)) !== undefined);
  return (completed.length > 0 && defaults.find(measured)) || "train_loss";
}

/**
 * What an experiment's runs are compared by.
 *
 * @param configured its config's `objective`; by default the final gap or distance where the optimum is known, else the
 *   validation set's accuracy or loss where there is one, else the training loss
 */
export function objectiveOf(configured: ObjectiveOptions | undefined, runs: readonly Measured[]): Objective {
  const {
    column = defaultColumn(runs),
    statistic,
    direction,
    per,
  }: ObjectiveOptions = configured ?? {
    statistic: "final",
    per: defaultConditions,
  };
  if (statistic === "target") return { column: "step", statistic, direction: "minimize", per };
  return { column, statistic, direction: direction ?? quantities[quantityOf(column)].direction, per };
}

/** What a run is given that came to no number. */
export const worstOf = ({ direction }: Objective): number =>
  direction === "minimize" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;

/**
 * What a run came to; one that did not complete, or whose value is no number, came to the worst there is. A target that
 * was reached stays reached, whatever became of the run.
 */
export function scoreOf(objective: Objective, run: Measured): number {
  const { column, statistic } = objective;
  if (statistic === "target") return costOf(run, "steps") ?? worstOf(objective);
  const value = run.status === "completed" ? outcomeOf(run, statistic, quantityOf(column)) : undefined;
  return value === undefined || Number.isNaN(value) ? worstOf(objective) : value;
}

/** The median of some scores: the worst there is where half of them are. */
export function medianScore({ direction }: Objective, scores: readonly number[]): number {
  // An infinite value must lie above the others to be interpolated with them.
  const sign = direction === "minimize" ? 1 : -1;
  return (
    sign *
    quantile(
      scores.map((score) => sign * score),
      0.5,
    )
  );
}

/** Whether one value is better than another; none is better than its equal. */
export const isBetter = ({ direction }: Objective, one: number, other: number): boolean =>
  direction === "minimize" ? one < other : one > other;
