import { spread } from "../comparison/quantile.js";
import type { Manifest } from "../results/manifest.js";

/** One run's numbers of one column. */
export interface RunSeries {
  readonly steps: readonly number[];
  readonly values: readonly number[];
  readonly status: Manifest["status"];
}

/** A point of a curve; low and high bound the band over the seeds, where there are several. */
export interface Point {
  readonly step: number;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/**
 * The median over seeds at every step that any of them has, with a band. A seed that has diverged counts as infinite
 * from there on, so that the curve does not become better by the loss of its worst seeds.
 */
export class MedianOverSeeds {
  private readonly byStep = new Map<number, number[]>();
  /** Last steps of the seeds that diverged. */
  private readonly ends: number[] = [];
  seeds = 0;

  add({ steps, values, status }: RunSeries): void {
    this.seeds++;
    steps.forEach((step, i) => {
      const at = this.byStep.get(step);
      if (at) at.push(values[i]!);
      else this.byStep.set(step, [values[i]!]);
    });
    if (status === "diverged") this.ends.push(steps.at(-1) ?? -1);
  }

  points(): Point[] {
    const steps = [...this.byStep.keys()].sort((a, b) => a - b);
    return steps.map((step) => {
      const values = this.byStep.get(step)!;
      if (this.seeds === 1) return { step, value: values[0]! };
      const gone = this.ends.filter((end) => end < step).map(() => Number.POSITIVE_INFINITY);
      const all = [...values, ...gone];
      const { low, median, high } = spread(all);
      return { step, value: median, low, high };
    });
  }
}

/** The first points of a curve are all kept: a logarithmic step axis shows them far apart. */
const keptAtStart = 16;

/**
 * Fewer points for display: of each of `buckets` stretches of equal length the first point and those where the curve
 * or its band is smallest and largest, so that no extreme is lost; the last point always.
 */
export function thinned(points: readonly Point[], maximum: number): readonly Point[] {
  if (points.length <= maximum) return points;
  const kept = new Set<number>([points.length - 1]);
  const start = Math.min(keptAtStart, maximum >> 2);
  for (let i = 0; i < start; i++) kept.add(i);
  const buckets = Math.max(1, Math.floor((maximum - start) / (points[0]!.low === undefined ? 2 : 4)));
  const rest = points.length - start;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = start + Math.floor((bucket * rest) / buckets);
    const to = start + Math.floor(((bucket + 1) * rest) / buckets);
    for (const i of extremes(points, from, to)) kept.add(i);
  }
  return [...kept].sort((a, b) => a - b).map((i) => points[i]!);
}

function extremes(points: readonly Point[], from: number, to: number): number[] {
  if (to <= from) return [];
  const indices = Array.from({ length: to - from }, (_, i) => from + i);
  const least = (of: (point: Point) => number) => indices.reduce((a, b) => (of(points[b]!) < of(points[a]!) ? b : a));
  const found = [least(({ value }) => value), least(({ value }) => -value)];
  if (points[from]!.low !== undefined)
    found.push(
      least(({ low }) => low!),
      least(({ high }) => -high!),
    );
  return found;
}
