import { ExperimentError } from "../base/errors.js";
import type { Group } from "../comparison/groups.js";
import { bandText } from "../comparison/quantile.js";
import type { FigureSource } from "./figure.js";
import { MedianOverSeeds, type Point, type RunSeries, thinned } from "./series.js";

/** Points drawn by all curves of a figure together: enough for the eye, few enough for a page of all figures. */
const pointsInFigure = 4000;

/** What a caption has to say about how curves came about. */
export interface Reduction {
  /** Curves with fewer points than were measured. */
  thinned: number;
  /** Points that a logarithmic axis cannot show. */
  notPositive: number;
}

/** The run's numbers in a column; undefined if it has none, or its traces cannot be read. */
export function seriesOf(
  { traces }: FigureSource,
  run: Group["runs"][number],
  column: string,
  layer?: string,
): RunSeries | undefined {
  try {
    const { steps, values } = traces.series(run, column, layer);
    return steps.length === 0 ? undefined : { steps, values, status: run.status };
  } catch (error) {
    if (error instanceof ExperimentError) return undefined;
    throw error;
  }
}

export interface GroupCurve {
  readonly points: readonly Point[];
  /** How many it is the median of. */
  readonly seeds: number;
}

interface CurveOptions {
  /** How many the figure has: the more, the fewer points each. */
  readonly curves: number;
  readonly reduction: Reduction;
}

/**
 * The median curves of a group, one a layer, thinned for display; undefined where no run has the column. Run by run:
 * what is kept of each are the numbers of its curves, and its file is read once.
 *
 * @param layers undefined for a column of trace.csv
 */
export function layerCurves(
  source: FigureSource,
  { runs }: Group,
  column: string,
  layers: readonly (string | undefined)[],
  options: CurveOptions,
): (GroupCurve | undefined)[] {
  const medians = layers.map(() => new MedianOverSeeds());
  for (const run of runs) {
    for (const [i, layer] of layers.entries()) {
      const series = seriesOf(source, run, column, layer);
      if (series) medians[i]!.add(series);
    }
  }
  return medians.map((median) => curveOf(median, options));
}

function curveOf(median: MedianOverSeeds, { curves, reduction }: CurveOptions): GroupCurve | undefined {
  if (median.seeds === 0) return undefined;
  const all = median.points();
  const points = thinned(all, Math.min(240, Math.max(40, Math.floor(pointsInFigure / curves))));
  if (points.length < all.length) reduction.thinned++;
  reduction.notPositive += all.filter(({ value }) => value <= 0).length;
  return { points, seeds: median.seeds };
}

/** The median curve of a group in a column of trace.csv. */
export const groupCurve = (source: FigureSource, group: Group, column: string, options: CurveOptions) =>
  layerCurves(source, group, column, [undefined], options)[0];

function runningMinimum(values: readonly number[]): number[] {
  let smallest = Number.POSITIVE_INFINITY;
  return values.map((value) => {
    if (value < smallest) smallest = value;
    return smallest;
  });
}

/**
 * The median curve of the smallest value so far in a column of trace.csv.
 *
 * @param known a column that has it of every step, where some are not traced
 */
export function smallestSoFar(
  source: FigureSource,
  { runs }: Group,
  column: string,
  known: string,
  options: CurveOptions,
): GroupCurve | undefined {
  const median = new MedianOverSeeds();
  for (const run of runs) {
    const series = seriesOf(source, run, known) ?? seriesOf(source, run, column);
    if (!series) continue;
    median.add({ ...series, values: runningMinimum(series.values) });
  }
  return curveOf(median, options);
}

/** How many seeds are behind the curves, what the band is, and what display leaves out, in sentences. */
export function curveNotes(
  curves: readonly { readonly seeds: number; readonly points: readonly Point[] }[],
  { thinned, notPositive }: Reduction,
  logarithmic: boolean,
): string {
  const seeds = curves.map((curve) => curve.seeds);
  const [fewest, most] = [Math.min(...seeds), Math.max(...seeds)];
  const n = fewest === most ? `n = ${most}` : `n = ${fewest} to ${most}`;
  const banded = curves.some(({ points }) => points[0]?.low !== undefined);
  const median = `Median over seeds (${n})${banded ? `, band from ${bandText(most)}` : ""}`;
  const notes = [
    most > 1 ? `${median}; a diverged seed counts as infinite from there on.` : "One seed (n = 1).",
    ...(thinned > 0 ? ["Drawn with fewer points than were measured; every stretch keeps its extremes."] : []),
    ...(notPositive > 0 && logarithmic
      ? [`${notPositive} points at or below 0 have no place on a logarithmic axis.`]
      : []),
  ];
  return notes.join(" ");
}
