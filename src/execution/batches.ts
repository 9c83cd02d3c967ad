import type { Precision } from "../compute/algebra.js";
import { batchedWeights } from "../compute/backends.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Run } from "../config/expand.js";
import { canonicalJson } from "../config/identity.js";
import { obstacleToBatches, type Problem } from "../problems/problem.js";
import type { PlannedRun } from "./plan.js";

/** How many runs train together: as many as gain by it, none, or up to so many. */
export type BatchRuns = "auto" | "off" | number;

/** With which other runs one can be trained together: those of the same form, or none. */
export type Batching =
  | { readonly form: string; readonly weights: number; readonly obstacle?: never }
  | { readonly obstacle: string };

/** Runs that train together where nobody says how many: more gain little, and their examples and gradients take memory. */
const mostByDefault = 16;

/** With every number in the place of any other: what of a rule decides which operations it needs. */
function withoutNumbers(value: unknown): unknown {
  if (typeof value === "number") return "number";
  if (Array.isArray(value)) return value.map(withoutNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNumbers(part)]));
}

/** Runs of one form differ in their seeds and in numbers of their optimizers alone. */
function formOf({ config, directory }: Run): string {
  const { name: _, description: __, seed: ___, optimizer, ...others } = config;
  const { label: ____, ...rule } = optimizer;
  return canonicalJson([others, withoutNumbers(rule), directory]);
}

/** With which runs this one can be trained together. */
export function batchingOf(
  run: Run,
  problem: Pick<Problem, "ofRuns"> & { readonly layers: readonly Layer[] },
  precision: Precision,
): Batching {
  if (precision === "float64") return { obstacle: "they compute on the host, in float64" };
  if (run.config.stop.wallSeconds !== undefined) return { obstacle: "stop.wallSeconds is the limit of each by itself" };
  const obstacle = obstacleToBatches(problem);
  if (obstacle !== undefined) return { obstacle };
  return { form: formOf(run), weights: problem.layers.reduce((sum, layer) => sum + layerSize(layer), 0) };
}

/** How many runs like this one train together at most. */
function mostOf({ batching, backend }: PlannedRun, batchRuns: BatchRuns): number {
  if (batchRuns === "off" || batching.obstacle !== undefined) return 1;
  if (batchRuns !== "auto") return batchRuns;
  return batching.weights <= batchedWeights(backend.name, backend.device) ? mostByDefault : 1;
}

/**
 * These runs in the batches in which they are made, in their order. Where there are several workers, runs of one form are
 * divided among them.
 */
export function batchesOf(runs: readonly PlannedRun[], batchRuns: BatchRuns, workers: number): PlannedRun[][] {
  const groups = new Map<string, PlannedRun[]>();
  for (const planned of runs) {
    const { batching, id } = planned;
    const form = batching.obstacle === undefined && mostOf(planned, batchRuns) > 1 ? batching.form : id;
    groups.set(form, [...(groups.get(form) ?? []), planned]);
  }
  return [...groups.values()].flatMap((group) => {
    const count = Math.max(Math.ceil(group.length / mostOf(group[0]!, batchRuns)), Math.min(workers, group.length));
    return Array.from({ length: count }, (_, i) =>
      group.slice(Math.floor((i * group.length) / count), Math.floor(((i + 1) * group.length) / count)),
    );
  });
}

/** Why some of these runs train one by one although they were to train together, one line a reason. */
export function obstaclesOf(runs: readonly PlannedRun[], batchRuns: BatchRuns): string[] {
  if (typeof batchRuns !== "number") return [];
  return [...new Set(runs.flatMap(({ batching }) => batching.obstacle ?? []))];
}
