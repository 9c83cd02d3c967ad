import { existsSync, mkdirSync, renameSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { BoundContext } from "../bounds/bound.js";
import { type BoundWatch, watchBounds } from "../bounds/verdict.js";
import type { Algebra } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { resultSchemaVersion } from "../config/identity.js";
import { batchSampler } from "../data/batches.js";
import { ExperimentError, messageOf } from "../errors.js";
import type { Objective } from "../problems/problem.js";
import { onDisk } from "../results/files.js";
import { isFinished, type Manifest, readManifest, writeManifest } from "../results/manifest.js";
import { OutcomeReader } from "../results/outcome.js";
import { provenance } from "../results/provenance.js";
import { runsDirectory } from "../results/summary.js";
import { TraceWriter } from "../trace/trace-writer.js";
import type { StepRecord } from "../training/record.js";
import { type TrainingEnd, train } from "../training/train.js";
import type { PlannedRun } from "./plan.js";
import type { Resources } from "./resources.js";

/** Watches a run from outside. */
export interface RunObserver {
  readonly onRecord?: (record: StepRecord) => void;
}

const secondsBetweenFlushes = 2;

/** Is the process that wrote this manifest still at work? Only a process of this host can be asked. */
function isAlive({ status, process: worker }: Manifest): boolean {
  if (status !== "running" || !worker || worker.host !== hostname() || worker.pid === process.pid) return false;
  try {
    process.kill(worker.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Moves what is there to the first free name ending in ~1, ~2, …: nothing that was computed is overwritten. */
function setAside(directory: string): void {
  let n = 1;
  while (existsSync(`${directory}~${n}`)) n++;
  onDisk("set aside", directory, () => renameSync(directory, `${directory}~${n}`));
}

/** The finished manifest of this run, if it has been made before. */
export function finishedManifest(experimentDirectory: string, { id }: PlannedRun): Manifest | undefined {
  const manifest = readManifest(join(runsDirectory(experimentDirectory), id));
  return manifest && isFinished(manifest) ? manifest : undefined;
}

interface Computation<V, S> {
  readonly algebra: Algebra<V, S>;
  readonly objective: Objective<V, S>;
}

function boundContext({ problem, optimizer, steps, precision, run }: PlannedRun): BoundContext {
  const { rule, scope, excluded, learningRate } = optimizer;
  return {
    rule: {
      name: optimizer.name,
      equationOne: rule.equationOne,
      ...(rule.norm !== undefined && { norm: rule.norm }),
      ...(rule.elementwise && { elementwise: true }),
    },
    scope,
    excluded,
    layers: problem.layers,
    fullBatch: run.config.batchSize === "full",
    ...(problem.constants && { constants: problem.constants }),
    learningRate,
    steps,
    precision,
  };
}

/** Trains on one backend, writing the traces as the records come. */
async function trainInto<V, S>(
  directory: string,
  planned: PlannedRun,
  { algebra, objective }: Computation<V, S>,
  observer: RunObserver,
  outcome: OutcomeReader,
  bounds: BoundWatch,
  signal: AbortSignal | undefined,
): Promise<TrainingEnd> {
  const { run, problem, optimizer, steps, stepsPerEpoch, precision } = planned;
  const { batchSize, evaluate, seed, stop, trace } = run.config;
  const writer = new TraceWriter(
    directory,
    problem.layers.map(({ name }) => name),
    bounds.columns,
    precision,
    { layers: trace.layers },
  );
  const evaluateEvery = evaluate === "epoch" ? stepsPerEpoch : evaluate;
  const records = train({
    algebra,
    problem,
    objective,
    optimizer,
    steps,
    batchSize,
    stepsPerEpoch,
    sampler: batchSize === "full" ? undefined : batchSampler(problem.examples!, { seed, name: "data order" }),
    traced: (step) => step % trace.every === 0,
    evaluated: (step) => step === steps || (evaluateEvery !== "end" && step > 0 && step % evaluateEvery === 0),
    measureEveryStep: bounds.needsEveryStep,
    lossLimit: stop.lossAbove,
    signal,
  });
  let flushed = performance.now();
  try {
    for (;;) {
      const { value, done } = await records.next();
      if (done) return value;
      outcome.observe(value);
      const boundValues = bounds.observe(value);
      if (value.traced) writer.write(value, boundValues);
      observer.onRecord?.(value);
      if (performance.now() - flushed > secondsBetweenFlushes * 1000) {
        writer.flush();
        flushed = performance.now();
      }
    }
  } finally {
    await records.return({ outcome: "interrupted", steps: 0 });
    writer.close();
  }
}

/**
 * Makes one run: directory, traces, manifest. Divergence and interruption are results and are recorded; so is an error
 * in the middle, which is then thrown on.
 *
 * @returns the final manifest
 * @throws ExperimentError if another process is at work on the same run, or its files cannot be written
 */
export async function executeRun(
  planned: PlannedRun,
  resources: Resources,
  experimentDirectory: string,
  observer: RunObserver = {},
  signal?: AbortSignal,
): Promise<Manifest> {
  const { run, id, problem, precision, steps } = planned;
  const directory = join(runsDirectory(experimentDirectory), id);
  const previous = readManifest(directory);
  if (previous && isAlive(previous)) {
    throw new ExperimentError(
      `${directory} is being written by process ${previous.process?.pid}; wait for it to end, or use another --out`,
    );
  }
  if (existsSync(directory)) setAside(directory);
  onDisk("create", directory, () => mkdirSync(directory, { recursive: true }));

  const tensors = precision === "float32" ? await resources.backend(run.config.backend) : undefined;
  const { dataset } = problem;
  const started = performance.now();
  const running: Manifest = {
    resultSchemaVersion,
    id,
    label: run.label,
    experiment: run.config.name,
    optimizer: run.optimizer,
    axes: run.axes,
    seed: run.config.seed,
    status: "running",
    config: run.config,
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
      },
    }),
    ...(problem.constants?.optimumSource && { optimum: problem.constants.optimumSource }),
    ...(problem.constants?.reference && { reference: problem.constants.reference }),
    provenance: provenance(),
    startedAt: new Date().toISOString(),
    process: { pid: process.pid, host: hostname() },
  };
  writeManifest(directory, running);

  const outcome = new OutcomeReader();
  const bounds = watchBounds(run.config.bounds, boundContext(planned));
  const finish = (status: Manifest["status"], steps: number, stopReason?: string) => {
    const { process: _, ...facts } = running;
    const manifest: Manifest = {
      ...facts,
      status,
      ...(stopReason !== undefined && { stopReason }),
      outcome: outcome.result(steps),
      verdicts: bounds.verdicts(),
      wallSeconds: (performance.now() - started) / 1000,
    };
    writeManifest(directory, manifest);
    return manifest;
  };
  try {
    const end = tensors
      ? await trainInto(
          directory,
          planned,
          { algebra: tensors.algebra, objective: await problem.onTensors(tensors.algebra) },
          observer,
          outcome,
          bounds,
          signal,
        )
      : await trainInto(
          directory,
          planned,
          { algebra: float64, objective: problem.onHost!(float64) },
          observer,
          outcome,
          bounds,
          signal,
        );
    const reason =
      end.outcome === "diverged"
        ? `diverged at step ${end.steps}: ${end.detail}`
        : end.outcome === "interrupted"
          ? `interrupted after step ${end.steps}`
          : undefined;
    return finish(end.outcome, end.steps, reason);
  } catch (error) {
    finish("failed", outcome.result(0).steps, messageOf(error));
    throw error;
  }
}
