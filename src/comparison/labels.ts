import { forTable, toDigits } from "../base/numbers.js";
import { isAccuracy, type Objective } from "./objective.js";

/** Digits beyond the fifth only lengthen a label; files, ids and JSON have them all. */
export const shortened = (text: string): string =>
  text.replace(/-?\d+\.\d{5,}(e[-+]?\d+)?|\d{7,}/g, (number) => toDigits(Number(number), 4));

/** Labels with numbers as people write them, 0.3162 for 0.31622776601683794, as long as that leaves them distinct. */
export function shownLabels(labels: readonly string[]): readonly string[] {
  const short = labels.map(shortened);
  return new Set(short).size === new Set(labels).size ? short : labels;
}

/** A value of an axis, e.g. 0.3162 or {"schedule":"cosine"}. */
export const valueText = (value: unknown): string =>
  typeof value === "string" ? value : shortened(JSON.stringify(value) ?? String(value));

/** Values of axes in words, e.g. "batchSize=128, learningRate=0.3162". */
export const axesText = (axes: Readonly<Record<string, unknown>>): string =>
  Object.entries(axes)
    .map(([path, value]) => `${path.split(".").at(-1)}=${valueText(value)}`)
    .join(", ");

/** What a run came to, as people read it: "97.12 %" or "1.2e-5". */
export const scoreText = (objective: Objective, score: number): string =>
  isAccuracy(objective) && Number.isFinite(score) ? `${(100 * score).toFixed(2)} %` : forTable(score, 3);

/** How two of them differ: "0.31 points" or "1.2e-5". */
export const differenceText = (objective: Objective, difference: number): string =>
  isAccuracy(objective) && Number.isFinite(difference)
    ? `${(100 * difference).toFixed(2)} points`
    : forTable(difference, 3);
