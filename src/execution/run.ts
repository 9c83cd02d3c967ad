import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type ExperimentError, messageOf } from "../base/errors.js";
import { makeDirectory } from "../base/files.js";
import { selectedBounds, watchBounds } from "../bounds/verdict.js";
import { builtIn } from "../built-in/built-in.js";
import type { StartedBackend } from "../compute/backends.js";
import { float64 } from "../compute/float64.js";
import type { Membership } from "../compute/run-batch.js";
import { resultSchemaVersion, versionsOf } from "../config/identity.js";
import { majorityShare } from "../data/dataset.js";
import { plannedRegistry } from "../registry/plugins.js";
import type { Registry } from "../registry/registry.js";
import { removeCheckpoints } from "../results/checkpoint.js";
import { type Chance, HealthReader } from "../results/health.js";
import { isFinished, type Manifest, readManifest, writeManifest } from "../results/manifest.js";
import { OutcomeReader } from "../results/outcome.js";
import { provenance } from "../results/provenance.js";
import { runsDirectory } from "../results/summary.js";
import type { StepRecord } from "../training/record.js";
import type { TrainingEnd } from "../training/train.js";
import { boundContext } from "./bound-context.js";
import { Bug, crashOf } from "./crash.js";
import { assertHeld, type Claim } from "./lock.js";
import { evaluationExamples, type PlannedRun, type PreparedRun, prepareRun, type Rung } from "./plan.js";
import { type Recorded, type Recording, trainInto } from "./recording.js";
import type { Resources } from "./resources.js";
import { type Earlier, prepareDirectory } from "./run-directory.js";

export interface RunOptions {
  /** Start over, whatever is there; it is set aside. */
  readonly force?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** The lock under which the run is made; without one nobody else can be at work on it. */
  readonly claim?: Claim | undefined;
  /** Sees every record. */
  readonly onRecord?: (record: StepRecord) => void;
  /** Prints one line for the user. */
  readonly announce?: (line: string) => void;
  /** Its place among runs that it is trained with, and how many they are, itself included. */
  readonly together?: { readonly membership: Membership; readonly runs: number } | undefined;
}

const identityOf = ({ run, id, plugins }: PlannedRun, registry: Registry) => ({
  resultSchemaVersion,
  id,
  label: run.label,
  experiment: run.config.name,
  optimizer: run.optimizer,
  axes: run.axes,
  seed: run.config.seed,
  config: run.config,
  versions: versionsOf(registry, run.config),
  ...(plugins.length > 0 && { plugins }),
});

function runningManifest(
  prepared: PreparedRun,
  tensors: StartedBackend | undefined,
  earlier: Earlier | undefined,
  together: number,
): Manifest {
  const { run, problem, precision, steps, registry, initialWeights } = prepared;
  const { dataset, examples, checksum, nonTrainable } = problem;
  const { excluded } = prepared.optimizer;
  const trainedTogether = Math.max(together, earlier?.manifest?.trainedTogether ?? 1);
  const evaluated = evaluationExamples(prepared);
  const now = new Date().toISOString();
  const resumed = earlier && [
    ...(earlier.manifest?.resumed ?? []),
    { step: earlier.checkpoint.training.step, at: now },
  ];
  return {
    ...identityOf(prepared, registry),
    status: "running",
    plannedSteps: steps,
    precision,
    backend: tensors
      ? { name: tensors.name, device: tensors.device, version: tensors.version }
      : { name: "float64", device: "host", version: process.version },
    ...(dataset && {
      dataset: {
        name: dataset.name,
        source: dataset.source,
        checksum: dataset.checksum,
        ...(dataset.name !== run.config.data?.name && { fallbackFor: run.config.data!.name }),
        ...(dataset.preparation && { preparation: dataset.preparation }),
      },
    }),
    ...(initialWeights && { initialWeights }),
    ...(examples !== undefined && {
      evaluation: {
        trainingExamples: evaluated === "full" ? examples : evaluated.length,
        ofTrainingExamples: examples,
        ...(dataset?.validation && { validationExamples: dataset.validation.size }),
        ...(dataset?.test && { testExamples: dataset.test.size }),
      },
    }),
    layers: problem.layers.map(({ name, shape }) => ({
      name,
      shape,
      ...(excluded.includes(name) && { excluded: true as const }),
    })),
    ...(nonTrainable && { nonTrainable: nonTrainable.map(({ name, shape }) => ({ name, shape })) }),
    ...(checksum && { problemChecksum: checksum }),
    ...(problem.constants?.optimumSource && { optimum: problem.constants.optimumSource }),
    ...(problem.constants?.reference && { reference: problem.constants.reference }),
    ...(trainedTogether > 1 && { trainedTogether }),
    provenance: provenance(),
    startedAt: earlier?.manifest?.startedAt ?? now,
    ...(resumed && { resumed }),
    process: { pid: process.pid, host: hostname() },
  };
}

async function compute(
  prepared: PreparedRun,
  tensors: StartedBackend | undefined,
  recording: Recording,
  membership: Membership | undefined,
): Promise<Recorded> {
  const { problem } = prepared;
  if (membership && typeof problem.ofRuns === "function") {
    const { algebra, breathe } = membership;
    return trainInto(prepared, { algebra, objective: await problem.ofRuns(algebra), breathe }, recording);
  }
  if (!tensors) return trainInto(prepared, { algebra: float64, objective: problem.onHost!(float64) }, recording);
  const { algebra } = tensors;
  return trainInto(prepared, { algebra, objective: await problem.onTensors(algebra) }, recording);
}

/** What a manifest says of an error that ended its run. */
const reasonOf = (crash: ExperimentError | Bug): Pick<Manifest, "stopReason" | "stack"> => ({
  stopReason: messageOf(crash),
  ...(crash instanceof Bug && crash.stack !== undefined && { stack: crash.stack }),
});

/** What a manifest says of a run that has come to its rung; whoever compares it with the others adds its rank. */
export const rungText = ({ index, of, step }: Rung) => `rung ${index} of ${of} ended at step ${step}`;

function stopReason({ outcome, steps, detail }: TrainingEnd, rung: Rung | undefined): string | undefined {
  if (outcome === "diverged") return `diverged at step ${steps}: ${detail}`;
  if (outcome === "stopped") return rungText(rung!);
  if (outcome === "completed") return detail;
  return outcome === "interrupted" ? `interrupted after step ${steps}` : undefined;
}

/** What chance comes to, where the run classifies. */
function chanceOf(prepared: PreparedRun): Chance | undefined {
  const { dataset } = prepared.problem;
  if (!dataset || dataset.classes === 0) return undefined;
  const { train, classes } = dataset;
  const evaluated = evaluationExamples(prepared);
  return {
    examples: evaluated === "full" ? train.size : evaluated.length,
    majorityShare: majorityShare(train, classes),
  };
}

/**
 * Makes one run, or goes on with it where it was cut off: directory, traces, checkpoints, manifest. Divergence and
 * interruption are results and are recorded; so is an error in the middle, which is then thrown on. The caller holds
 * the run's lock.
 *
 * @returns the final manifest
 * @throws ExperimentError if its files cannot be written
 */
async function executeRun(
  prepared: PreparedRun,
  resources: Resources,
  experimentDirectory: string,
  options: RunOptions = {},
): Promise<Manifest> {
  const { run, id, precision } = prepared;
  const directory = join(runsDirectory(experimentDirectory), id);
  const earlier = prepareDirectory(directory, id, options);
  const checkpoint = earlier?.checkpoint;
  const tensors = precision === "float32" ? await resources.backend(prepared.backend.name) : undefined;
  const { together } = options;
  const running = runningManifest(prepared, tensors, earlier, together?.runs ?? 1);
  writeManifest(directory, running);
  if (checkpoint) options.announce?.(`${run.label}: going on from step ${checkpoint.training.step}`);

  const started = performance.now();
  // Of runs that train together each counts its share.
  const milliseconds = () => together?.membership.share() ?? performance.now() - started;
  const wallSeconds = () => (checkpoint?.wallSeconds ?? 0) + milliseconds() / 1000;
  const outcome = new OutcomeReader(checkpoint?.outcome);
  const layerNames = prepared.problem.layers.map(({ name }) => name);
  const health = new HealthReader(layerNames, checkpoint?.health);
  const bounds = watchBounds(
    selectedBounds(prepared.registry.bounds, run.config.bounds),
    boundContext(prepared),
    checkpoint?.bounds,
  );
  const mayWrite = () => options.claim && assertHeld(options.claim);
  const finish = (status: Manifest["status"], steps: number, more: Partial<Manifest> = {}) => {
    mayWrite();
    const { process: _, ...facts } = running;
    const manifest: Manifest = {
      ...facts,
      status,
      ...more,
      outcome: outcome.result(steps),
      verdicts: bounds.verdicts(),
      wallSeconds: wallSeconds(),
    };
    writeManifest(directory, manifest, { durable: true });
    return manifest;
  };
  const { onRecord, signal } = options;
  try {
    const recording = {
      directory,
      checkpoint,
      outcome,
      health,
      bounds,
      wallSeconds,
      onRecord,
      signal,
      mayWrite,
    };
    const { end, files } = await compute(prepared, tensors, recording, together?.membership);
    const reason = stopReason(end, prepared.rung);
    const warnings = end.outcome === "completed" ? health.warnings(outcome.result(end.steps), chanceOf(prepared)) : [];
    // Traces are on the disk before the manifest says so, and the manifest before the checkpoints go.
    const manifest = finish(end.outcome, end.steps, {
      ...(reason !== undefined && { stopReason: reason }),
      ...(warnings.length > 0 && { warnings }),
      files,
    });
    if (isFinished(manifest)) removeCheckpoints(directory);
    return manifest;
  } catch (error) {
    recordFailure(directory, () => finish("failed", outcome.state().steps, reasonOf(crashOf(error))));
    throw error;
  }
}

/** Leaves the reason where whoever planned the run looks for it: this machine may not be theirs. */
function recordUnmade(directory: string, planned: PlannedRun, registry: Registry, crash: ExperimentError | Bug): void {
  const { steps, precision, backend } = planned;
  const earlier = readManifest(directory);
  if (earlier && isFinished(earlier)) return;
  try {
    makeDirectory(directory);
    writeManifest(directory, {
      ...(earlier ?? {
        ...identityOf(planned, registry),
        plannedSteps: steps,
        precision,
        backend: { name: backend.name, device: "not started", version: "not started" },
        startedAt: new Date().toISOString(),
      }),
      provenance: provenance(),
      status: "failed",
      ...reasonOf(crash),
    });
  } catch {
    // The error that is thrown on is the one that matters.
  }
}

/**
 * Makes one run as it was planned, or goes on with it where it was cut off.
 *
 * @returns the final manifest
 * @throws ExperimentError if this machine cannot keep to the plan, or its files cannot be written
 */
export async function makeRun(
  planned: PlannedRun,
  resources: Resources,
  experimentDirectory: string,
  options: RunOptions = {},
): Promise<Manifest> {
  let registry: Registry = builtIn;
  let prepared: PreparedRun;
  try {
    registry = await plannedRegistry(builtIn, planned.plugins);
    prepared = await prepareRun(planned.run, registry, resources, planned);
  } catch (error) {
    recordUnmade(join(runsDirectory(experimentDirectory), planned.id), planned, registry, crashOf(error));
    throw error;
  }
  return executeRun(prepared, resources, experimentDirectory, options);
}

/** What failed is told even where it cannot be written: a full disk, or a directory that was removed. */
function recordFailure(directory: string, write: () => void): void {
  if (!existsSync(directory)) return;
  try {
    write();
  } catch {
    // The error that is thrown on says what is wrong with the disk.
  }
}
