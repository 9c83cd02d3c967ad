import type { Precision } from "../compute/algebra.js";
import type { Trial } from "../config/expand.js";
import { isFinished } from "../results/manifest.js";
import { axisValue } from "../results/summary.js";
import { type CsvOptions, csvLines, type Field, formatNumber } from "../trace/csv-file.js";
import { bestOfDraws, bestSoFar, drawCounts } from "./best-of-draws.js";
import type { Objective } from "./objective.js";
import { type Searched, scoreOfTrial, type TrialRuns } from "./searched.js";

/** What a trial had come to by the end of a rung. */
export interface RungScore extends Trial {
  /** From 1. */
  readonly rung: number;
  readonly score: number;
}

/** The same status for all seeds, or each that there is. */
const statusText = ({ runs }: TrialRuns) => [...new Set(runs.map(({ status }) => status))].join(" ");

const numberOf = ({ runs }: TrialRuns, value: number | undefined): Field =>
  value === undefined ? undefined : formatNumber(value, runs[0]!.precision as Precision);

/** The best after so many trials: as found, and over all orders of them, at as many numbers as are looked at. */
function bestAfter({ trials }: Searched, objective: Objective): (readonly [number, number?, number?])[] {
  const scores = trials.map((trial) => scoreOfTrial(trial, objective));
  const counts = new Set(drawCounts(scores.length));
  return bestSoFar(objective, scores).map((best, i) => {
    if (!counts.has(i + 1)) return [best];
    const { mean, median } = bestOfDraws(objective, scores, i + 1);
    return [best, mean, median];
  });
}

/**
 * search.csv: one row a trial, in the order of the search, with its values, the rungs at which it was compared with others
 * and what it came to, each the median over its seeds; then the best that as many trials have come to as found, and would
 * come to in random order (see `bestOfDraws`). Without rungs there are no columns for them.
 *
 * @param rungScores of every rung at which trials were compared, that is of all but the last
 */
export function searchCsv(
  searched: readonly Searched[],
  objective: Objective,
  rungScores: readonly RungScore[],
  options?: CsvOptions,
): string {
  const trials = searched.flatMap((one) => one.trials);
  const best = searched.flatMap((one) => bestAfter(one, objective));
  const axes = [...new Set(trials.flatMap(({ runs }) => Object.keys(runs[0]!.axes)))];
  const rungs = [...new Set(rungScores.map(({ rung }) => rung))].sort((a, b) => a - b);
  const scores = new Map(
    rungScores.map(({ among, index, rung, score }) => [JSON.stringify([among, index, rung]), score]),
  );
  const { statistic, column } = objective;
  const name = statistic === "target" ? "steps_to_target" : `${statistic}_${column}`;
  const header = [
    "optimizer",
    "trial",
    ...axes,
    "seeds",
    "status",
    ...rungs.map((rung) => `${name}_rung_${rung}`),
    name,
    "best_so_far",
    "expected_best",
    "median_best",
  ];
  const rows = trials.map((trial, place): Field[] => {
    const { among, index, runs } = trial;
    const [{ optimizer, axes: values }] = runs as [(typeof runs)[number]];
    const score = runs.some(isFinished) ? scoreOfTrial(trial, objective) : undefined;
    return [
      optimizer,
      index + 1,
      ...axes.map((axis) => axisValue(values[axis])),
      runs.length,
      statusText(trial),
      ...rungs.map((rung) => numberOf(trial, scores.get(JSON.stringify([among, index, rung])))),
      numberOf(trial, score),
      ...[0, 1, 2].map((i) => numberOf(trial, best[place]![i])),
    ];
  });
  return csvLines([header, ...rows], options);
}
