import { forTable } from "../base/numbers.js";
import { isAccuracy, type Objective } from "./objective.js";

/** A number as people write it, all of its digits: 0.001 and 3.162e-5. */
export const plainNumber = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-4 ? value.toExponential() : String(value);

/** Digits beyond the fourth only lengthen a label, save those of counts; files, ids and JSON have them all. */
export const shortNumber = (value: number): string =>
  Number.isSafeInteger(value) ? String(value) : plainNumber(Number(value.toPrecision(4)));

/** Text whose long numbers are shortened. */
export const shortened = (text: string): string =>
  text.replace(/-?\d+\.\d{5,}(e[-+]?\d+)?/g, (number) => shortNumber(Number(number)));

/** The last part of a path; of a schedule's initial learning rate that it is one. */
export const axisName = (path: string): string =>
  path
    .replace(/(learningRate)\.initial$/, "$1")
    .split(".")
    .at(-1)!;

/** Labels with numbers as people write them, 0.3162 for 0.31622776601683794, as long as that leaves them distinct. */
export function shownLabels(labels: readonly string[]): readonly string[] {
  const short = labels.map(shortened);
  return new Set(short).size === new Set(labels).size ? short : labels;
}

/** A value of an axis, e.g. 0.3162 or {"schedule":"cosine"}. */
export const valueText = (value: unknown): string =>
  typeof value === "number"
    ? shortNumber(value)
    : typeof value === "string"
      ? value
      : shortened(JSON.stringify(value) ?? String(value));

/** Values of axes in words, e.g. "batchSize=128, learningRate=0.3162". */
export const axesText = (axes: Readonly<Record<string, unknown>>): string =>
  Object.entries(axes)
    .map(([path, value]) => `${axisName(path)}=${valueText(value)}`)
    .join(", ");

/** What a run came to, as people read it: "97.12 %", "1.2e-5", "2535", "∞". */
export function scoreText(objective: Objective, score: number, digits = 3): string {
  if (!Number.isFinite(score)) return score < 0 ? "-∞" : "∞";
  // Steps are counted.
  if (objective.statistic === "target" && Number.isInteger(score)) return String(score);
  return isAccuracy(objective) ? `${(100 * score).toFixed(2)} %` : forTable(score, digits);
}

/** How two of them differ: "0.31 points" or "1.2e-5". */
export const differenceText = (objective: Objective, difference: number): string =>
  isAccuracy(objective) ? `${(100 * difference).toFixed(2)} points` : forTable(difference, 3);

/** Two numbers with their common unit behind the second: "97.12 ± 0.05 %". */
export function pairText(one: string, between: string, other: string): string {
  const unit = /^\S+( \S+)$/.exec(other)?.[1] ?? "";
  return `${unit !== "" && one.endsWith(unit) ? one.slice(0, -unit.length) : one} ${between} ${other}`;
}
