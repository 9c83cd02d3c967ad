import type { Precision } from "../compute/algebra.js";
import type { Run } from "../config/expand.js";
import { type BackendIdentity, runId } from "../config/identity.js";
import { fixedSubset, stepsPerEpoch } from "../data/batches.js";
import type { ImageDataset } from "../data/dataset.js";
import { ExperimentError } from "../errors.js";
import { createOptimizer, type Optimizer } from "../optimizers/optimizer.js";
import type { Batch, Problem } from "../problems/problem.js";
import { problems } from "../problems/registry.js";
import { randomStream } from "../training/random.js";
import type { Resources } from "./resources.js";

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
}

type DatasetIdentity = ReturnType<typeof identityOf>;

/** What a run would be computed on, in words; only differences are of interest. */
const settingOf = ({ backend, dataset, precision }: PlannedRun) => [
  `backend ${backend.name} on ${backend.device}, kernels ${backend.kernels}`,
  precision,
  ...(dataset
    ? [`data set ${dataset.name} (${dataset.train} examples, checksum ${dataset.checksum.slice(0, 12)})`]
    : []),
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

/** Double precision on the host: JavaScript's arithmetic is the same everywhere. */
const host: BackendIdentity = { name: "float64", device: "CPU", kernels: "1" };

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
}

function precisionOf({ config }: Run, problem: Problem): Precision {
  const fail = (message: string) => {
    throw new ExperimentError(`problem ${config.problem.name}: ${message}`);
  };
  const wanted =
    config.precision ??
    (config.backend === "float64" ? "float64" : config.backend === "auto" ? problem.defaultPrecision : "float32");
  if (wanted === "float64" && !problem.onHost) {
    return fail("it needs tensors, which are float32; leave precision and backend float64 out");
  }
  return wanted;
}

/** Examples per step, which must not be more than there are. */
function checkBatchSize({ config }: Run, { examples }: Problem): void {
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

/** The training examples that the run is evaluated on; "full" for all of them, as with full batches. */
export function evaluationExamples({ run, problem }: PreparedRun): Batch {
  const { batchSize, evaluate, seed } = run.config;
  if (batchSize === "full" || problem.examples === undefined) return "full";
  return fixedSubset(problem.examples, evaluate.trainingExamples, { seed, name: "training evaluation" });
}

/** The examples really used: `limit` and a fallback change them, where they came from does not. */
const identityOf = ({ name, checksum, train, test }: ImageDataset) => ({
  name,
  checksum,
  train: train.size,
  test: test.size,
});

/**
 * Builds the problem, checks what only it can tell, and gives the run its id. Nothing is written.
 *
 * @param planned what was decided elsewhere, in another process or on another machine, and is kept to
 * @throws ExperimentError if the run cannot be made as configured, or as planned
 */
export async function prepareRun(run: Run, resources: Resources, planned?: PlannedRun): Promise<PreparedRun> {
  const { config, directory } = run;
  const { data, seed } = config;
  const dataset = data && (await resources.dataset(data, directory));
  const definition = problems.find(({ name }) => name === config.problem.name)!;
  const problem = await resources.problem([config.problem, data, seed, directory], async () =>
    definition.create(config.problem, {
      stream: (name) => randomStream({ seed, name }),
      directory,
      ...(dataset && { dataset }),
    }),
  );
  checkBatchSize(run, problem);
  const precision = precisionOf(run, problem);
  const choice = planned?.backend.name ?? config.backend;
  const backend = precision === "float64" ? host : await backendOf(choice, resources, planned);

  const epochSteps = config.batchSize === "full" ? 1 : stepsPerEpoch(problem.examples!, config.batchSize);
  const steps = config.steps ?? Math.max(1, Math.round(config.epochs! * epochSteps));
  const identity = dataset && identityOf(dataset);
  const prepared = {
    run,
    id: runId(run, { backend, dataset: identity, examples: problem.checksum }),
    problem,
    optimizer: createOptimizer(config.optimizer, problem.layers, steps),
    precision,
    backend,
    steps,
    stepsPerEpoch: epochSteps,
    dataset: identity,
  };
  if (planned) checkKept(planned, prepared);
  return prepared;
}

/**
 * Decides what a run's config leaves open and checks that it can be made, without keeping what it is computed from.
 *
 * @throws ExperimentError if the run cannot be made as configured
 */
export async function planRun(run: Run, resources: Resources): Promise<PlannedRun> {
  const { problem: _, optimizer: __, ...planned } = await prepareRun(run, resources);
  return planned;
}
