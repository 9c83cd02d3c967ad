import type { Manifest, Quantity } from "../results/manifest.js";
import { outcomeOf, quantities, quantityOf } from "../results/quantities.js";
import { costOf } from "../results/to-target.js";
import { isAccuracy, type Objective, wordsOf } from "./objective.js";

type Measured = Pick<Manifest, "outcome" | "toTarget">;

/** A measured number in a table of runs. */
export interface RunColumn {
  readonly title: string;
  /** Whether it is a share, which people read in per cent. */
  readonly isShare: boolean;
  /** Undefined where it was not measured; infinite where a run never got there. */
  readonly value: (run: Measured) => number | undefined;
}

const ofOutcome = (title: string, kind: "final" | "best", quantity: Quantity): RunColumn => ({
  title,
  isShare: isAccuracy(quantities[quantity]),
  value: (run) => outcomeOf(run, kind, quantity),
});

const stepsToTarget: RunColumn = {
  title: "steps to target",
  isShare: false,
  value: (run) => costOf(run, "steps"),
};

function chosenColumn(objective: Objective): RunColumn {
  const { column, statistic } = objective;
  return statistic === "target" ? stepsToTarget : ofOutcome(wordsOf(objective), statistic, quantityOf(column));
}

/**
 * What a table of runs shows of each, where some run has it: what they are compared by, the steps to the target, then
 * final losses, and accuracies on examples that were not trained on.
 */
export function runColumns(objective: Objective, runs: readonly Measured[]): RunColumn[] {
  const { column, statistic } = objective;
  const chosen = chosenColumn(objective);
  const finals = (["trainLoss", "valLoss", "valAccuracy", "testAccuracy"] as const)
    .filter((quantity) => statistic !== "final" || quantity !== quantityOf(column))
    .map((quantity) => ofOutcome(quantities[quantity].words, "final", quantity));
  const others = chosen === stepsToTarget ? finals : [stepsToTarget, ...finals];
  return [chosen, ...others.filter(({ value }) => runs.some((run) => value(run) !== undefined))];
}
