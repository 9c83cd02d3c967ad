import type { Manifest, Quantity } from "../results/manifest.js";
import { outcomeOf, quantities, quantityOf } from "../results/quantities.js";
import { type Objective, wordsOf } from "./objective.js";

/** A measured number in a table of runs. */
export interface RunColumn {
  readonly title: string;
  readonly kind: "final" | "best";
  readonly quantity: Quantity;
}

/**
 * What a table of runs shows of each, where some run has it: what they are compared by, then final losses, and
 * accuracies on examples that were not trained on.
 */
export function runColumns(objective: Objective, manifests: readonly Pick<Manifest, "outcome">[]): RunColumn[] {
  const { column, statistic } = objective;
  const chosen = { title: wordsOf(objective), kind: statistic, quantity: quantityOf(column) };
  const others = (["trainLoss", "valLoss", "valAccuracy", "testAccuracy"] as const)
    .filter((quantity) => statistic === "best" || quantity !== chosen.quantity)
    .map((quantity) => ({ title: quantities[quantity].words, kind: "final" as const, quantity }));
  const isMeasured = ({ kind, quantity }: RunColumn) =>
    manifests.some((manifest) => outcomeOf(manifest, kind, quantity) !== undefined);
  return [chosen, ...others.filter(isMeasured)];
}
