import type { Manifest } from "../results/manifest.js";
import type { Series } from "../results/traces.js";
import { isBetter, type Objective, worstOf } from "./objective.js";

/**
 * The steps at which the rungs of a run of K steps end: K/factor^(rungs − r) for the r-th, rounded down to an evaluation;
 * the last one at K.
 *
 * @param stepsBetween evaluations that the trace has
 */
export function rungSteps(
  steps: number,
  { rungs, factor }: { readonly rungs: number; readonly factor: number },
  stepsBetween: number,
): number[] {
  const evaluationBefore = (step: number) => Math.floor(step / stepsBetween) * stepsBetween;
  let [remaining, divisor] = [rungs - 1, 1];
  const ends = [steps];
  while (remaining-- > 0) {
    divisor *= factor;
    ends.unshift(stepsBetween === Number.POSITIVE_INFINITY ? 0 : evaluationBefore(steps / divisor));
  }
  return ends;
}

/**
 * What a run had come to by the end of a rung, over the evaluations that its trace has up to there, however far it has
 * gone since; the worst there is where it had diverged or is not known.
 *
 * @param series the objective's column in its trace
 */
export function scoreAtStep(
  objective: Objective,
  { status, outcome }: Pick<Manifest, "status" | "outcome">,
  series: Series,
  step: number,
  isEvaluated: (step: number) => boolean,
): number {
  const steps = outcome?.steps ?? 0;
  const cameSoFar = status === "completed" || ((status === "stopped" || status === "diverged") && steps > step);
  const values = series.values.filter((value, i) => {
    const at = series.steps[i]!;
    return at <= step && isEvaluated(at) && !(objective.statistic === "best" && Number.isNaN(value));
  });
  if (!cameSoFar || values.length === 0) return worstOf(objective);
  const score =
    objective.statistic === "final"
      ? values.at(-1)!
      : values.reduce((best, value) => (isBetter(objective, value, best) ? value : best));
  return Number.isNaN(score) ? worstOf(objective) : score;
}

/** Places of the scores, the best first; of equal ones the first comes first. */
export const ranking = (objective: Objective, scores: readonly number[]): number[] =>
  [...scores.keys()].sort((a, b) =>
    isBetter(objective, scores[a]!, scores[b]!) ? -1 : isBetter(objective, scores[b]!, scores[a]!) ? 1 : a - b,
  );
