import { ExperimentError } from "../base/errors.js";
import { toDigits } from "../base/numbers.js";
import { bestOfAll, type Group, groupsOf, medianOf } from "../comparison/groups.js";
import { axesText } from "../comparison/labels.js";
import { type Objective, wordsOf } from "../comparison/objective.js";
import { confidence, pairedDifference } from "../comparison/pairs.js";
import type { Manifest } from "../results/manifest.js";
import { quantities, quantityOf } from "../results/quantities.js";

/** What a tuned optimizer comes to. */
export interface TunedValue {
  readonly value: number;
  /** Where it was found, and how it was chosen. */
  readonly detail: string;
  /** The configuration that was chosen. */
  readonly group: Group;
  /** What is measured there, in place of what it was chosen by. */
  readonly measured: Objective;
}

const digits = (value: number) => toDigits(value, 6);

const placeOf = ({ optimizer, axes }: Group) => {
  const values = axesText(axes);
  return values === "" ? optimizer : `${optimizer} at ${values}`;
};

/**
 * The median over seeds of a column, at the configuration that is best by the objective.
 *
 * @param runs of one or several optimizers, under the same conditions
 * @throws ExperimentError if their conditions differ
 */
export function tunedValue(
  runs: readonly Manifest[],
  { column, statistic }: Pick<Objective, "column" | "statistic">,
  objective: Objective,
): TunedValue {
  const groups = groupsOf(runs, objective);
  const facets = [...new Set(groups.map(({ facet }) => facet))];
  if (facets.length > 1) {
    throw new ExperimentError(
      `tuned: the runs are under ${facets.length} conditions (${facets.slice(0, 3).join("; ")}${facets.length > 3 ? "; …" : ""}), among which nothing is chosen; select one`,
    );
  }
  const group = bestOfAll(groups, objective);
  const { direction } = quantities[quantityOf(column)];
  const measured = { ...objective, column, statistic, direction };
  const value = medianOf(group, measured);
  const chosen = groups.length > 1 ? `, the best of ${groups.length} by ${wordsOf(objective)}` : "";
  return { value, detail: `${placeOf(group)}${chosen}`, group, measured };
}

/** One tuned value minus another, with the interval of the paired difference where there are seeds for one. */
export function tunedDifference(one: TunedValue, other: TunedValue): Pick<TunedValue, "value" | "detail"> {
  const { interval, seeds } = pairedDifference(one.group, other.group, one.measured);
  const range = interval
    ? `; ${100 * confidence} % interval of the mean difference over ${seeds} seeds: ${digits(interval.low)} to ${digits(interval.high)}`
    : "";
  const [first, second] = [one, other].map(({ value, detail }) => `${digits(value)} of ${detail}`);
  return { value: one.value - other.value, detail: `${first}; ${second}${range}` };
}
