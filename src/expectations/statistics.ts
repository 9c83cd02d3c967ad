const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const minimum = (values: readonly number[]) => values.reduce((least, value) => Math.min(least, value));
const maximum = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value));

export type Statistic = "final" | "minimum" | "maximum" | "mean" | "tail-minimum" | "tail-maximum" | "tail-mean";

/**
 * A statistic of a series; NaN in it makes the result NaN, save for "final".
 *
 * @param tail share of the entries, from the end, that a tail statistic sees (at least one)
 */
export function statisticOf(values: readonly number[], statistic: Statistic, tail: number): number {
  if (values.length === 0) return Number.NaN;
  const end = values.slice(-Math.max(1, Math.floor(values.length * tail)));
  switch (statistic) {
    case "final":
      return values.at(-1)!;
    case "minimum":
      return minimum(values);
    case "maximum":
      return maximum(values);
    case "mean":
      return mean(values);
    case "tail-minimum":
      return minimum(end);
    case "tail-maximum":
      return maximum(end);
    case "tail-mean":
      return mean(end);
  }
}

/** Slope of the least-squares line through the points; NaN for fewer than two distinct abscissae. */
export function slopeOf(x: readonly number[], y: readonly number[]): number {
  const [meanX, meanY] = [mean(x), mean(y)];
  const spread = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  const product = x.reduce((sum, value, i) => sum + (value - meanX) * (y[i]! - meanY), 0);
  return product / spread;
}

/** max_i |a_i − b_i|/|b_i|; equal entries (0 and 0 too) differ by 0; Infinity for series of different length. */
export function largestRelativeDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((most, value, i) => {
    const difference = value === b[i] ? 0 : Math.abs(value - b[i]!) / Math.abs(b[i]!);
    return Math.max(most, difference);
  }, 0);
}
