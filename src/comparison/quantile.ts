/**
 * Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan). Infinite values sort to the
 * ends, so that a median is finite as long as most values are; NaN counts as positive infinity.
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values, (value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)).sort();
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  const weight = position - Math.floor(position);
  const above = sorted[Math.ceil(position)]!;
  // Between two infinite values there is no difference to take a share of.
  return weight === 0 || above === below ? below : below + weight * (above - below);
}

/** The band drawn around a median over seeds. */
export function band(values: readonly number[]): { low: number; high: number } {
  const tail = values.length < 10 ? 0 : 0.1;
  return { low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** What `band` is for this many seeds, in words. */
export const bandText = (seeds: number) => (seeds < 10 ? "smallest to largest" : "10 % to 90 % quantile");
