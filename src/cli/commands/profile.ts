import { z } from "zod";
import { ExperimentError } from "../../base/errors.js";
import { writeAtomically } from "../../base/files.js";
import { groupsOf } from "../../comparison/groups.js";
import { objectiveOf } from "../../comparison/objective.js";
import {
  costsToTarget,
  type PerformanceProfile,
  type ProblemCost,
  performanceProfiles,
  shareWithin,
} from "../../comparison/performance-profile.js";
import { recordedObjective, withTargets } from "../../comparison/targets.js";
import { type Collection, collect } from "../../results/collect.js";
import { costs as costNames } from "../../results/to-target.js";
import { csvLines } from "../../trace/csv-file.js";
import { checkedOptions } from "../options.js";
import { print } from "../output.js";
import { short, table } from "../table.js";

const optionsSchema = z.object({
  cost: z.enum(costNames).default("steps"),
  out: z.string().min(1, "--out: expected a file, such as profiles.csv").optional(),
});

/** τ at which the terminal tells profiles. */
const ratios = [1, 1.1, 1.25, 1.5, 2, 3, 4];

function costsOf(collection: Collection, cost: (typeof costNames)[number], isOneOfSeveral: boolean): ProblemCost[] {
  const runs = withTargets(collection);
  const objective = objectiveOf(collection.directories.map(recordedObjective).find(Boolean), runs);
  return costsToTarget(groupsOf(runs, objective), objective, cost, isOneOfSeveral ? collection.experiment : "");
}

const csvOf = (profiles: readonly PerformanceProfile[]): string =>
  csvLines([
    ["optimizer", "ratio", "share"],
    ...profiles.flatMap(({ optimizer, points }) => points.map(({ ratio, share }) => [optimizer, ratio, share])),
  ]);

function costTable(costs: readonly ProblemCost[]): string[][] {
  const byNumber = new Intl.Collator("en", { numeric: true }).compare;
  const problems = [...new Set(costs.map(({ problem }) => problem))].sort(byNumber);
  const text = (cost: number | undefined) =>
    cost === undefined ? "" : Number.isFinite(cost) ? short(cost) : "not reached";
  return problems.map((problem) => [
    problem,
    ...optimizersOf(costs).map((optimizer) =>
      text(costs.find((one) => one.problem === problem && one.optimizer === optimizer)?.cost),
    ),
  ]);
}

const optimizersOf = (costs: readonly ProblemCost[]) => [...new Set(costs.map(({ optimizer }) => optimizer))];

/** Prints on how many problems each optimizer is how near to the best one, and writes it down if asked to. */
export function profile(directories: readonly string[], rawOptions: unknown): void {
  const { cost, out } = checkedOptions(optionsSchema, rawOptions);
  const collections = collect(directories);
  const costs = collections.flatMap((collection) => costsOf(collection, cost, collections.length > 1));
  if (costs.length === 0) {
    throw new ExperimentError(
      `${directories.join(", ")}: no run has a target to be profiled by; name one in the config, such as target: {column: val_accuracy, above: 0.97}, and run it again (finished runs are kept)`,
    );
  }
  const profiles = performanceProfiles(costs);
  const share = (profile: PerformanceProfile, ratio: number) => `${Math.round(100 * shareWithin(profile, ratio))} %`;
  const header = ["optimizer", ...ratios.map((ratio) => `τ = ${ratio}`)];
  const rows = profiles.map((one) => [one.optimizer, ...ratios.map((ratio) => share(one, ratio))]);
  const problems = new Set(costs.map(({ problem }) => problem)).size;
  print([
    ...table([`${cost} to target`, ...optimizersOf(costs)], costTable(costs)),
    "",
    `share of ${problems} problem${problems === 1 ? "" : "s"} on which an optimizer takes at most τ times what the best takes`,
    ...table(header, rows),
  ]);
  if (out === undefined) return;
  writeAtomically(out, csvOf(profiles));
  print(["", out]);
}
