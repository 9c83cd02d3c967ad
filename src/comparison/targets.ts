import { join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { readJson } from "../base/files.js";
import { type ObjectiveOptions, objectiveSchema } from "../config/objective-schema.js";
import { meets, type Target, targetsSchema } from "../config/target-schema.js";
import type { Collection } from "../results/collect.js";
import { isFinished, type Manifest, type ToTarget } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { secondsAt } from "../results/timing.js";
import type { Cost } from "../results/to-target.js";
import { scanCsv } from "../trace/csv-scan.js";
import { traceFiles } from "../trace/trace-writer.js";
import type { Group } from "./groups.js";
import { quantile } from "./quantile.js";

/** Whether a row of the trace is an evaluation: with full batches its columns are filled at every traced step. */
function evaluations({ config, outcome, status }: Manifest): (step: number, epoch: number) => boolean {
  // Manifests of an earlier form lack it.
  const { every = "epoch" } = (config.evaluate as Partial<typeof config.evaluate> | undefined) ?? {};
  const last = status === "completed" ? outcome?.steps : undefined;
  if (every === "end") return (step) => step === last;
  // An epoch's last step divides without a remainder.
  if (every === "epoch") return (step, epoch) => step === last || Number.isInteger(epoch);
  return (step) => step === last || step % every === 0;
}

/** The first evaluation that meets all targets, from a run's trace. */
function firstMeeting(path: string, run: Manifest, targets: readonly Target[]): ToTarget {
  const isEvaluation = evaluations(run);
  const columns = [...new Set(["step", "epoch", ...targets.map(({ column }) => column)])];
  const places = targets.map(({ column }) => columns.indexOf(column));
  let reached: { steps: number; epochs: number } | undefined;
  let isMeasured = false;
  scanCsv(path, columns, (fields) => {
    if (reached) return;
    const [step, epoch] = [Number(fields[0]), Number(fields[1])];
    if (!isEvaluation(step, epoch)) return;
    const texts = places.map((place) => fields[place]!);
    if (texts.includes("")) return;
    isMeasured = true;
    if (targets.every((target, i) => meets(target, Number(texts[i])))) reached = { steps: step, epochs: epoch };
  });
  if (reached) return { outcome: "reached", ...reached };
  return { outcome: isMeasured || run.status === "diverged" ? "not reached" : "not measured" };
}

/**
 * Reads from the traces when runs met a target. What is read of a finished run is kept: it stays true.
 */
export class TargetReader {
  private readonly known = new Map<string, ToTarget>();

  constructor(private readonly targets: readonly Target[] | undefined) {}

  /** The run, with when it met the target; as it is where there is none. */
  read(run: Manifest, experimentDirectory: string): Manifest {
    if (!this.targets) return run;
    const known = this.known.get(run.id);
    if (known) return { ...run, toTarget: known };
    const toTarget = this.find(run, join(runsDirectory(experimentDirectory), run.id), this.targets);
    if (isFinished(run)) this.known.set(run.id, toTarget);
    return { ...run, toTarget };
  }

  readAll(runs: readonly Manifest[], experimentDirectory: string): Manifest[] {
    return runs.map((run) => this.read(run, experimentDirectory));
  }

  private find(run: Manifest, directory: string, targets: readonly Target[]): ToTarget {
    try {
      const found = firstMeeting(join(directory, traceFiles.trace), run, targets);
      return found.outcome === "reached" ? { ...found, seconds: secondsAt(directory, found.steps) } : found;
    } catch (error) {
      // Of a run that has no trace, or whose trace was deleted, nothing is known; that it is missing is told elsewhere.
      if (error instanceof ExperimentError) return { outcome: "not measured" };
      throw error;
    }
  }
}

/** experiment.json, as far as a part of its config can be read. */
const configOf = <Key extends string, Part>(experimentDirectory: string, key: Key, part: z.ZodType<Part>) =>
  z.object({ config: z.object({ [key]: part }) }).safeParse(readJson(join(experimentDirectory, "experiment.json"))).data
    ?.config[key] as Part | undefined;

/** The target that an experiment had when it was last run; undefined if it had none. */
export const recordedTarget = (experimentDirectory: string): readonly Target[] | undefined =>
  configOf(experimentDirectory, "target", targetsSchema);

/** The objective that its config stated. */
export const recordedObjective = (experimentDirectory: string): ObjectiveOptions | undefined =>
  configOf(experimentDirectory, "objective", objectiveSchema);

/** The runs of a collection, with when each met the target that the first of its directories names. */
export function withTargets({ directories, manifests, placeOf }: Collection): Manifest[] {
  const targets = directories.map(recordedTarget).find((target) => target !== undefined);
  const reader = new TargetReader(targets);
  return manifests.map((run) => reader.read(run, placeOf.get(run.id)!));
}

/** What it took the seeds of a configuration to reach the target. */
export interface GroupToTarget {
  /** How many seeds reached it. */
  readonly reached: number;
  readonly of: number;
  /**
   * Medians over all seeds, of which one that never reached it took infinitely long: infinite where half of them did not.
   * Undefined where one of them is not known.
   */
  readonly steps: number | undefined;
  readonly epochs: number | undefined;
  readonly seconds: number | undefined;
}

/** Undefined where no run of the group measures what the target is about, or there is no target. */
export function toTargetOf({ runs }: Pick<Group, "runs">): GroupToTarget | undefined {
  const measured = runs.filter(({ toTarget }) => toTarget && toTarget.outcome !== "not measured");
  if (measured.length === 0) return undefined;
  const median = (cost: Cost) => {
    // A run without a measurement did not get there either.
    const values = runs.map((run) =>
      run.toTarget?.outcome === "reached" ? run.toTarget[cost] : Number.POSITIVE_INFINITY,
    );
    return values.every((value) => value !== undefined) ? quantile(values, 0.5) : undefined;
  };
  return {
    reached: runs.filter(({ toTarget }) => toTarget?.outcome === "reached").length,
    of: runs.length,
    steps: median("steps"),
    epochs: median("epochs"),
    seconds: median("seconds"),
  };
}

/** "40", "40 (3/5)" or "not reached (2/5)"; nothing where there is no target. */
export function toTargetText(group: Pick<Group, "runs">): string {
  const toTarget = toTargetOf(group);
  if (!toTarget) return "";
  const { reached, of, steps = Number.POSITIVE_INFINITY } = toTarget;
  const median = Number.isFinite(steps) ? String(steps) : "not reached";
  return reached === of ? median : `${median} (${reached}/${of})`;
}
