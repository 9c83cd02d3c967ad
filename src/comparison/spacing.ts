import { power } from "../base/power.js";
/** Even steps between numbers, or even steps between their logarithms. */
export type Spacing = "linear" | "log";

const gapsOf = (values: readonly number[]) => values.slice(1).map((value, i) => value - values[i]!);

/** Standard deviation over mean: 0 for gaps that are all alike. */
function unevenness(gaps: readonly number[]): number {
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}

/** @param ascending at least three different values */
export function spacingOf(ascending: readonly number[]): Spacing {
  if (!ascending.every((value) => value > 0)) return "linear";
  const logarithms = ascending.map(Math.log);
  return unevenness(gapsOf(logarithms)) < unevenness(gapsOf(ascending)) ? "log" : "linear";
}

/** A number with as many digits as people write, and more where the step to it is too small to be seen in these. */
function written(value: number, step: number): number {
  const needed = Math.ceil(Math.log10(Math.abs(value / step))) + 2;
  return Number.isFinite(needed) ? Number(value.toPrecision(Math.min(Math.max(4, needed), 17))) : value;
}

/**
 * Values beyond one end of an axis, a quarter as many as it has and two at least, in its own spacing (its mean gap,
 * where gaps differ), nearest first. They do not change their sign.
 *
 * @param ascending at least three different values
 */
export function beyond(ascending: readonly number[], side: "smallest" | "largest"): number[] {
  const [first, last] = [ascending[0]!, ascending.at(-1)!];
  const isLog = spacingOf(ascending) === "log";
  const [low, high] = isLog ? [Math.log10(first), Math.log10(last)] : [first, last];
  const gap = (high - low) / (ascending.length - 1);
  const at = (i: number) => {
    const position = side === "largest" ? high + i * gap : low - i * gap;
    // Rounding of a difference that should be 0.
    return isLog ? power(10, position) : Math.abs(position) < gap * 1e-9 ? 0 : position;
  };
  const count = Math.max(2, Math.ceil(ascending.length / 4));
  const values = Array.from({ length: count }, (_, i) => written(at(i + 1), at(i + 1) - at(i)));
  const isFurther = (value: number) => (side === "largest" ? value > last : value < first);
  const keepsSign = (value: number) => (first >= 0 ? value >= 0 : last > 0 || value <= 0);
  return [...new Set(values)].filter((value) => isFurther(value) && keepsSign(value));
}
