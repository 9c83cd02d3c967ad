import type { Columns } from "../trace/csv-columns.js";
import type { Tolerance } from "./tolerance.js";

/** How one column of two traces differs. */
export interface Difference {
  readonly column: string;
  /** The first step at which it differs, with the layer for columns of layers.csv. */
  readonly step: number;
  readonly layer?: string;
  readonly actual: string;
  readonly expected: string;
  /** Largest relative difference |a − b|/|b| over all lines; Infinity where only one of them is a number. */
  readonly largest: number;
  /** Lines that differ, of those compared. */
  readonly lines: number;
  readonly compared: number;
}

const keyAt = (columns: Columns, i: number) => `${columns.get("step")![i]}\n${columns.get("layer")?.[i] ?? ""}`;

function relativeDifference(actual: string, expected: string): number {
  if (actual === expected) return 0;
  const [a, b] = [Number(actual), Number(expected)];
  const difference = Math.abs(a - b) / Math.abs(b);
  return actual === "" || expected === "" || Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

export interface CompareOptions {
  readonly agree: (actual: string, expected: string, tolerance: Tolerance) => boolean;
  readonly tolerance: (column: string) => Tolerance;
  /** Compare lines up to this step only. */
  readonly lastStep?: number;
}

/**
 * Compares the lines of `expected` with those of `actual` at the same step (and layer), column by column.
 *
 * @returns the columns that differ, earliest first; a missing line or column differs
 */
export function differences(actual: Columns, expected: Columns, options: CompareOptions): Difference[] {
  const { agree, tolerance, lastStep = Number.POSITIVE_INFINITY } = options;
  const lineOf = new Map(actual.get("step")!.map((_, i) => [keyAt(actual, i), i]));
  const steps = expected.get("step")!;
  const lines = steps.map((_, i) => i).filter((i) => Number(steps[i]) <= lastStep);
  const found: Difference[] = [];
  for (const [column, texts] of expected) {
    const allowed = tolerance(column);
    const own = actual.get(column);
    const textAt = (i: number) => own?.[lineOf.get(keyAt(expected, i)) ?? -1] ?? "";
    const differing = lines.filter((i) => !agree(textAt(i), texts[i]!, allowed));
    const [first] = differing;
    if (first === undefined) continue;
    const layer = expected.get("layer")?.[first];
    found.push({
      column,
      step: Number(steps[first]),
      ...(layer !== undefined && { layer }),
      actual: textAt(first),
      expected: texts[first]!,
      largest: differing.reduce((most, i) => Math.max(most, relativeDifference(textAt(i), texts[i]!)), 0),
      lines: differing.length,
      compared: lines.length,
    });
  }
  return found.sort((a, b) => a.step - b.step);
}

/** One line: where two traces part, and by how much. */
export function differenceText(found: readonly Difference[]): string {
  const [first, ...others] = found;
  if (!first) return "no difference";
  const { column, step, layer, actual, expected, largest, lines, compared } = first;
  const where = `column ${column}${layer ? `, layer ${layer}` : ""}: first at step ${step}`;
  const size = Number.isFinite(largest) ? ` (relative difference up to ${largest.toPrecision(3)})` : "";
  const named = others.slice(0, 3).map((one) => `${one.column} at ${one.step}`);
  const more = others.length > named.length ? ` and ${others.length - named.length} more columns` : "";
  const rest = others.length > 0 ? `; then ${named.join(", ")}${more}` : "";
  return `${where}, ${actual || "empty"} in place of ${expected || "empty"}${size}, ${lines} of ${compared} lines${rest}`;
}
