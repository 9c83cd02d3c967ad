import { resolve } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { checkMemory } from "../base/memory.js";
import { randomStream } from "../base/random.js";
import type { Precision } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Run } from "../config/expand.js";
import { type BackendIdentity, runId } from "../config/identity.js";
import type { RunConfig } from "../config/schema.js";
import { fixedSubset, stepsPerEpoch } from "../data/batches.js";
import type { ImageDataset } from "../data/dataset.js";
import { averagingWeights } from "../optimizers/average-weights.js";
import { createOptimizer, type Optimizer } from "../optimizers/optimizer.js";
import type { Batch, Problem, ProblemContext, ProblemDefinition } from "../problems/problem.js";
import { type StoredWeights, startingFrom, weightsFor } from "../problems/stored-weights.js";
import type { PluginReference, Registry } from "../registry/registry.js";
import { isFinished, type Manifest } from "../results/manifest.js";
import { type Batching, batchingOf } from "./batches.js";
import type { Resources } from "./resources.js";

/** A step at which the runs of a search are compared and most of them end. */
export interface Rung {
  /** From 1. */
  readonly index: number;
  /** Of so many rungs, the last of which is the end of the run. */
  readonly of: number;
  /** The last step that is recorded. */
  readonly step: number;
}

/** A run with everything decided that its config leaves to the surroundings; plain data. */
export interface PlannedRun {
  readonly run: Run;
  readonly id: string;
  readonly precision: Precision;
  readonly backend: BackendIdentity;
  /** K */
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** The data set really used. */
  readonly dataset?: DatasetIdentity | undefined;
  /** The file that w_0 is read from. */
  readonly initialWeights?: Pick<StoredWeights, "file" | "sha256"> | undefined;
  /** What its config's names mean besides what the tool itself defines. */
  readonly plugins: readonly PluginReference[];
  /** Where it is to stop before its end, if it is; no part of its id. */
  readonly rung?: Rung | undefined;
  /** With which runs it can be trained together; no part of its id. */
  readonly batching: Batching;
}

/** Whether nothing of what is planned is left to do: the run has ended, or stopped at its rung or beyond. */
export const isMade = ({ rung }: PlannedRun, manifest: Manifest): boolean =>
  isFinished(manifest) || (rung !== undefined && manifest.status === "stopped" && manifest.outcome!.steps > rung.step);

/** Steps between two evaluations of a run; Infinity where it is evaluated at its end alone. */
export function stepsPerEvaluation({ run, stepsPerEpoch }: Pick<PlannedRun, "run" | "stepsPerEpoch">): number {
  const { every } = run.config.evaluate;
  if (every === "end") return Number.POSITIVE_INFINITY;
  return every === "epoch" ? stepsPerEpoch : every;
}

type DatasetIdentity = ReturnType<typeof identityOf>;

/** What a run would be computed on, in words; only differences are of interest. */
const settingOf = ({ backend, dataset, precision, initialWeights }: PlannedRun) => [
  `backend ${backend.name} on ${backend.device}, kernels ${backend.kernels}`,
  precision,
  ...(dataset
    ? [`data set ${dataset.name} (${dataset.train} examples, checksum ${dataset.checksum.slice(0, 12)})`]
    : []),
  ...(initialWeights ? [`initial weights of the checksum ${initialWeights.sha256.slice(0, 12)}`] : []),
];

/** @throws ExperimentError if the run cannot be made here as it was planned elsewhere */
function checkKept(planned: PlannedRun, here: PlannedRun): void {
  if (planned.id === here.id) return;
  const [wanted, found] = [settingOf(planned), settingOf(here)];
  const differences = wanted.flatMap((text, i) => (text === found[i] ? [] : [`${text}, here ${found[i] ?? "none"}`]));
  throw new ExperimentError(
    `this machine cannot keep to what was planned: ${differences.join("; ") || `run ${planned.id}, here ${here.id} (another version of the tool?)`}; make the same available on every node, or name what all of them have in the config`,
    { reason: "runFailed" },
  );
}

/** Double precision on the host: its arithmetic is the same everywhere. The version is raised whenever numbers change. */
const host: BackendIdentity = { name: "float64", device: "CPU", kernels: "2" };

async function backendOf(
  choice: string,
  resources: Resources,
  planned: PlannedRun | undefined,
): Promise<BackendIdentity> {
  try {
    const { name, device, kernels } = await resources.backend(choice);
    return { name, device: device.split(",")[0]!, kernels };
  } catch (error) {
    if (!planned || !(error instanceof ExperimentError)) throw error;
    throw new ExperimentError(`this machine cannot keep to what was planned: ${error.message}`, {
      reason: "runFailed",
    });
  }
}

/** A planned run with what it is computed from. */
export interface PreparedRun extends PlannedRun {
  readonly problem: Problem;
  readonly optimizer: Optimizer;
  readonly registry: Registry;
}

/** What planning goes by: the problem itself, or its outline where making it would take long. */
type Facts = Pick<Problem, "layers" | "examples" | "checksum" | "defaultPrecision" | "hasTrainingMode" | "ofRuns"> & {
  readonly onHost?: unknown;
};

function precisionOf({ config }: Run, { defaultPrecision, onHost }: Facts): Precision {
  const wanted =
    config.precision ??
    (config.backend === "float64" ? "float64" : config.backend === "auto" ? defaultPrecision : "float32");
  if (wanted === "float64" && !onHost) {
    throw new ExperimentError(
      `problem ${config.problem.name}: it needs tensors, which are float32; leave precision and backend float64 out`,
    );
  }
  return wanted;
}

/** Examples per step, which must not be more than there are. */
function checkBatchSize({ config }: Run, { examples }: Facts): void {
  const { batchSize, problem } = config;
  if (batchSize === "full") return;
  if (examples === undefined) {
    throw new ExperimentError(
      `batchSize: problem ${problem.name} has no examples to draw from; expected "full", got ${batchSize}`,
    );
  }
  if (batchSize > examples) {
    throw new ExperimentError(
      `batchSize: got ${batchSize}, but there are only ${examples} training examples; use at most that, or "full"`,
    );
  }
}

function checkNeeds({ name, rule }: Optimizer, { config }: Run, { examples, hasTrainingMode }: Facts): void {
  if (!rule.needs?.exampleGradients || (examples !== undefined && !hasTrainingMode)) return;
  const obstacle = hasTrainingMode
    ? "batch normalisation or dropout, with which no gradient is of one example"
    : "no examples";
  throw new ExperimentError(
    `optimizer ${name} needs the gradient of each example, and problem ${config.problem.name} has ${obstacle}`,
  );
}

/** w_k, w_{k+1}, g_k and Δw_k are there at the same time. */
const copiesOfWeights = 4;
const bytesOf: Readonly<Record<Precision, number>> = { float32: 4, float64: 8 };

function checkSize({ problem }: RunConfig, layers: readonly Layer[], numbers: number, precision: Precision): void {
  const weights = layers.reduce((sum, layer) => sum + layerSize(layer), 0);
  const bytes = copiesOfWeights * weights * bytesOf[precision] + numbers * bytesOf.float64;
  checkMemory(`problem ${problem.name}`, bytes, "make it smaller");
}

/** The training examples that the run is evaluated on; "full" for all of them, as with full batches. */
export function evaluationExamples({ run, problem }: PreparedRun): Batch {
  const { batchSize, evaluate, seed } = run.config;
  if (batchSize === "full" || problem.examples === undefined) return "full";
  return fixedSubset(problem.examples, evaluate.trainingExamples, { seed, name: "training evaluation" });
}

/** The examples really used, and how: `limit` and a fallback change them, where they came from does not. */
const identityOf = ({ name, checksum, train, test, preparation }: ImageDataset) => ({
  name,
  checksum,
  train: train.size,
  ...(test && { test: test.size }),
  ...(preparation && { preparation }),
});

/** Above so many numbers a problem is not made just to be planned. */
const quicklyMade = 200_000;

function contextOf({ config: { seed }, directory }: Run, dataset: ImageDataset | undefined): ProblemContext {
  return { stream: (name) => randomStream({ seed, name }), directory, ...(dataset && { dataset }) };
}

/** Decides from the facts what the config leaves open. */
async function decide(
  run: Run,
  registry: Registry,
  facts: Facts,
  dataset: ImageDataset | undefined,
  resources: Resources,
  stored: StoredWeights | undefined,
  planned?: PlannedRun,
): Promise<Omit<PreparedRun, "problem" | "registry">> {
  const { config } = run;
  checkBatchSize(run, facts);
  const precision = precisionOf(run, facts);
  checkSize(config, facts.layers, 0, precision);
  const choice = planned?.backend.name ?? config.backend;
  const backend = precision === "float64" ? host : await backendOf(choice, resources, planned);
  const epochSteps = config.batchSize === "full" ? 1 : stepsPerEpoch(facts.examples!, config.batchSize);
  const steps = config.steps ?? Math.max(1, Math.round(config.epochs! * epochSteps));
  const identity = dataset && identityOf(dataset);
  const stepping = createOptimizer(registry, config.optimizer, facts.layers, steps);
  const optimizer = config.averageWeights ? averagingWeights(stepping, config.averageWeights, facts.layers) : stepping;
  checkNeeds(optimizer, run, facts);
  return {
    run,
    id: runId(registry, run, {
      backend,
      dataset: identity,
      examples: facts.checksum,
      initialWeights: stored?.sha256,
    }),
    optimizer,
    precision,
    backend,
    steps,
    stepsPerEpoch: epochSteps,
    dataset: identity,
    initialWeights: stored && { file: stored.file, sha256: stored.sha256 },
    plugins: registry.plugins,
    batching: batchingOf(run, facts, precision),
  };
}

const definitionOf = ({ problems }: Registry, { problem }: RunConfig) =>
  problems.find(({ name }) => name === problem.name)!;

async function makeProblem(
  run: Run,
  registry: Registry,
  dataset: ImageDataset | undefined,
  resources: Resources,
): Promise<Problem> {
  const { config, directory } = run;
  return resources.problem([config.problem, config.data, config.seed, directory, registry.plugins], async () =>
    definitionOf(registry, config).create(config.problem, contextOf(run, dataset)),
  );
}

const subjectOf = ({ classes }: ImageDataset) => (classes === 0 ? "numbers" : `${classes} classes`);

/** @throws ExperimentError if the data set holds nothing that the problem can learn to predict */
function checkPrediction({ name, predicts = "classes" }: ProblemDefinition, dataset: ImageDataset | undefined): void {
  if (!dataset) return;
  const { classes } = dataset;
  const fits = predicts === "numbers" ? classes === 0 : predicts === "classes" ? classes > 0 : classes === 2;
  if (fits) return;
  throw new ExperimentError(
    `data: problem ${name} predicts ${predicts}, and the data set ${dataset.name} has ${subjectOf(dataset)}; name a problem or data that fit (data.task says what the targets of a csv or npz file are)`,
  );
}

const datasetFor = async ({ config: { data }, directory }: Run, registry: Registry, resources: Resources) =>
  data && (await resources.dataset(registry, data, directory));

const storedWeightsFor = async ({ config: { initialWeights }, directory }: Run, resources: Resources) =>
  initialWeights === undefined ? undefined : resources.storedWeights(resolve(directory, initialWeights));

/**
 * Builds the problem, checks what only it can tell, and gives the run its id. Nothing is written.
 *
 * @param planned what was decided elsewhere, in another process or on another machine, and is kept to
 * @throws ExperimentError if the run cannot be made as configured, or as planned
 */
export async function prepareRun(
  run: Run,
  registry: Registry,
  resources: Resources,
  planned?: PlannedRun,
): Promise<PreparedRun> {
  const dataset = await datasetFor(run, registry, resources);
  checkPrediction(definitionOf(registry, run.config), dataset);
  const made = await makeProblem(run, registry, dataset, resources);
  const stored = await storedWeightsFor(run, resources);
  const problem = stored ? startingFrom(weightsFor(stored, made.layers), made) : made;
  const decided = await decide(run, registry, problem, dataset, resources, stored, planned);
  const prepared = { ...decided, problem, registry, ...(planned?.rung && { rung: planned.rung }) };
  if (planned) checkKept(planned, prepared);
  return prepared;
}

/**
 * Decides what a run's config leaves open and checks that it can be made, without keeping what it is computed from. A
 * problem that takes long to make is not made for that; what only making it tells is told when the run is made.
 *
 * @throws ExperimentError if the run cannot be made as configured
 */
export async function planRun(run: Run, registry: Registry, resources: Resources): Promise<PlannedRun> {
  const { config } = run;
  const dataset = await datasetFor(run, registry, resources);
  const definition = definitionOf(registry, config);
  checkPrediction(definition, dataset);
  // What a problem makes of a data set only making it tells.
  const outline = dataset ? undefined : definition.outline?.(config.problem, contextOf(run, dataset));
  if (outline) checkSize(config, outline.layers, outline.numbers, "float64");
  const facts: Facts =
    outline && outline.numbers > quicklyMade
      ? { ...outline, defaultPrecision: "float64", onHost: true }
      : await makeProblem(run, registry, dataset, resources);
  const stored = await storedWeightsFor(run, resources);
  if (stored) weightsFor(stored, facts.layers);
  const { optimizer: _, ...planned } = await decide(run, registry, facts, dataset, resources, stored);
  return planned;
}
