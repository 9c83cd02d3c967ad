import { type Group, groupsOf } from "../../src/comparison/groups.js";
import type { Objective } from "../../src/comparison/objective.js";
import { defaultConditions } from "../../src/config/objective-schema.js";
import type { Manifest, Status } from "../../src/results/manifest.js";
import { quantityOf } from "../../src/results/quantities.js";

export const byGap: Objective = { column: "gap", statistic: "final", direction: "minimize", per: defaultConditions };
export const byAccuracy: Objective = { ...byGap, column: "val_accuracy", direction: "maximize" };

/** What a run came to; a text is the status of one that came to nothing. */
export type Score = number | "diverged" | "failed" | "stopped";

/** Runs of one configuration, one a score, with the seeds 0, 1, … */
export function runsWith(
  objective: Objective,
  optimizer: string,
  axes: Readonly<Record<string, unknown>>,
  scores: readonly Score[],
): Manifest[] {
  const words = Object.entries(axes).map(([path, value]) => `${path.split(".").at(-1)}=${value}`);
  return scores.map((score, seed) => {
    const status: Status = typeof score === "number" ? "completed" : score;
    const measured = typeof score === "number" ? { [quantityOf(objective.column)]: score } : {};
    return {
      ...{ label: [optimizer, ...words, `seed=${seed}`].join(" "), optimizer, axes, seed, status },
      ...{ id: `${optimizer}-${seed}`, outcome: { steps: 1, final: measured, best: measured } },
    } as unknown as Manifest;
  });
}

export const rate = "optimizer.learningRate";

/** Groups of one optimizer over learning rates: pairs of a rate and the scores of its seeds. */
export const overRates = (
  objective: Objective,
  optimizer: string,
  tried: readonly (readonly [rate: number, ...scores: Score[]])[],
): Group[] =>
  groupsOf(
    tried.flatMap(([value, ...scores]) => runsWith(objective, optimizer, { [rate]: value }, scores)),
    objective,
  );
