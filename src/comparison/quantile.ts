/** In ascending order, with NaN as positive infinity: what is no number is worse than any. */
function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values, (value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)).sort();
}

function quantileOf(sorted: Float64Array, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)]!;
  const weight = position - Math.floor(position);
  const above = sorted[Math.ceil(position)]!;
  // Between two infinite values there is no difference to take a share of.
  return weight === 0 || above === below ? below : below + weight * (above - below);
}

/**
 * Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan). Infinite values sort to the
 * ends, so that a median is finite as long as most values are; NaN counts as positive infinity.
 */
export const quantile = (values: readonly number[], share: number): number => quantileOf(ascending(values), share);

/** A median over seeds, and the band drawn around it. */
export interface Spread {
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** The median of these values, and their band. */
export function spread(values: readonly number[]): Spread {
  const sorted = ascending(values);
  const tail = values.length < 10 ? 0 : 0.1;
  return {
    low: quantileOf(sorted, tail),
    median: quantileOf(sorted, 0.5),
    high: quantileOf(sorted, 1 - tail),
  };
}

/** What the band is for this many seeds, in words. */
export const bandText = (seeds: number) => (seeds < 10 ? "smallest to largest" : "10 % to 90 % quantile");
