import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { readJson, readJsonAs } from "../base/files.js";
import type { Bound } from "../bounds/bound.js";
import { type Objective, objectiveOf } from "../comparison/objective.js";
import { TargetReader } from "../comparison/targets.js";
import type { Trial } from "../config/expand.js";
import { expectationSchema } from "../config/expectation-schema.js";
import { objectiveSchema } from "../config/objective-schema.js";
import { type Search, searchSchema } from "../config/search.js";
import { type Target, targetsSchema } from "../config/target-schema.js";
import { type BoundFinding, boundFindings } from "../expectations/bound-findings.js";
import { ExpectationReader, type Finding } from "../expectations/evaluate.js";
import type { PluginReference } from "../registry/registry.js";
import { damagedRuns } from "../results/integrity.js";
import { isFinished, type Manifest, manifestPath } from "../results/manifest.js";
import { manifestsOf } from "../results/summary.js";

/** What is on the disk about one experiment. */
export interface ExperimentResults {
  readonly directory: string;
  readonly name: string;
  readonly description?: string;
  readonly manifests: readonly Manifest[];
  /** What the runs are compared by. */
  readonly objective: Objective;
  /** By the ids of their runs, the trials of a search. */
  readonly trials: ReadonlyMap<string, Trial>;
  /** What they were drawn by. */
  readonly search?: Search | undefined;
  /** What they were to reach, if anything. */
  readonly target?: readonly Target[] | undefined;
  /** Labels of the planned runs that have no manifest. */
  readonly missing: readonly string[];
  /** Finished runs whose files are not what they were, one line each. */
  readonly damaged: readonly string[];
  readonly findings: readonly Finding[];
  readonly bounds: readonly BoundFinding[];
}

/** experiment.json, as far as reports go by it. */
const experimentFile = z.object({
  config: z
    .object({
      name: z.string(),
      description: z.string(),
      expect: z.unknown(),
      objective: objectiveSchema,
      target: targetsSchema,
      search: searchSchema,
    })
    .partial(),
  runs: z.array(
    z.object({
      id: z.string(),
      label: z.string(),
      trial: z.object({ among: z.string(), index: z.int() }).optional(),
    }),
  ),
});

const subdirectories = (path: string) =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(path, name));

const isExperiment = (path: string) => existsSync(join(path, "runs"));

const experimentsIn = (path: string) =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ? subdirectories(path).filter(isExperiment) : [];

/** Whether a path is an experiment's directory, or one that holds several. */
export const holdsExperiments = (path: string): boolean => isExperiment(path) || experimentsIn(path).length > 0;

/**
 * Experiment directories that a path stands for: an experiment's own, that of one of its runs, or one that holds
 * several experiments.
 *
 * @throws ExperimentError if there are no results
 */
export function experimentDirectories(path: string): string[] {
  if (isExperiment(path)) return [path];
  if (existsSync(manifestPath(path))) return [resolve(path, "..", "..")];
  const inside = experimentsIn(path);
  if (inside.length > 0) return inside.sort();
  throw new ExperimentError(
    `${path} holds no results; expected an experiment's directory such as results/lars-mnist, with runs/ in it`,
  );
}

const experimentPath = (directory: string) => join(directory, "experiment.json");

const pluginsFile = z.object({
  plugins: z.array(z.object({ name: z.string(), path: z.string(), sha256: z.string() })),
});

/** The plugins that an experiment's results were made with. */
export const recordedPlugins = (directory: string): readonly PluginReference[] =>
  pluginsFile.safeParse(readJson(experimentPath(directory))).data?.plugins ?? [];

/**
 * Reads an experiment's manifests and holds its finished runs against its expectations.
 *
 * @param bounds that the runs may have been held against
 * @throws ExperimentError if there is no run yet, or the expectations in experiment.json cannot be read
 */
export function readExperiment(directory: string, bounds: readonly Bound[]): ExperimentResults {
  const path = experimentPath(directory);
  const { config, runs } = readJsonAs(path, experimentFile, "run the experiment again, or remove it") ?? {
    config: undefined,
    runs: [],
  };
  const order = new Map(runs.map(({ id }, i) => [id, i]));
  // Runs of an earlier form of the config may lie here too, under the same labels.
  const found = manifestsOf(directory).filter(({ id }) => runs.length === 0 || order.has(id));
  const manifests = new TargetReader(config?.target).readAll(found, directory);
  if (manifests.length === 0) throw new ExperimentError(`${directory}: no run has been started here`);
  const expectations = z.array(expectationSchema(bounds.map(({ name }) => name))).safeParse(config?.expect ?? []);
  if (!expectations.success) {
    throw new ExperimentError(`${path}: its expectations are not of this version; run the experiment again`);
  }
  const known = new Set(manifests.map(({ id }) => id));
  const rank = ({ id }: Manifest) => order.get(id) ?? runs.length;
  const objective = objectiveOf(config?.objective, manifests);
  const reader = new ExpectationReader(manifests.filter(isFinished), directory, objective);
  const description = config?.description ?? manifests[0]!.config.description;
  return {
    directory,
    name: config?.name ?? manifests[0]!.experiment ?? basename(directory),
    ...(description !== undefined && { description }),
    manifests: [...manifests].sort((a, b) => rank(a) - rank(b)),
    objective,
    search: config?.search,
    trials: new Map(runs.flatMap(({ id, trial }) => (trial ? [[id, trial]] : []))),
    target: config?.target,
    missing: runs.filter(({ id }) => !known.has(id)).map(({ label }) => label),
    damaged: damagedRuns(directory, manifests),
    findings: expectations.data.map((expectation) => reader.evaluate(expectation)),
    bounds: boundFindings(bounds, manifests),
  };
}
