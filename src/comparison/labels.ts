import { toDigits } from "../base/numbers.js";

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
