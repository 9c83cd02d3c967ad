import { join } from "node:path";
import type { FileState } from "../base/files.js";
import { interval } from "../base/interval.js";
import type { BoundWatch } from "../bounds/verdict.js";
import type { Layer } from "../compute/layer.js";
import { keepsWeights } from "../config/saved-weights.js";
import type { BatchSampler } from "../data/batches.js";
import type { Problem } from "../problems/problem.js";
import { type Checkpoint, writeCheckpoint } from "../results/checkpoint.js";
import type { HealthReader } from "../results/health.js";
import { namedFiles } from "../results/integrity.js";
import type { OutcomeReader } from "../results/outcome.js";
import { TimingWriter } from "../results/timing.js";
import { averagedWeightsFile, weightsFile, writeWeights } from "../results/weights.js";
import { TraceWriter } from "../trace/trace-writer.js";
import type { StepRecord } from "../training/record.js";
import type { Numbers } from "../training/state.js";
import { type Checkpoints, follow, type Training, type TrainingEnd } from "../training/train.js";
import type { PreparedRun } from "./plan.js";
import { type Computation, samplerOf, trainingOf } from "./training.js";

/** Where and how a run is recorded. */
export interface Recording {
  readonly directory: string;
  /** Go on from here. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Collects what the run comes to. */
  readonly outcome: OutcomeReader;
  /** Tells whether it learns anything. */
  readonly health: HealthReader;
  readonly bounds: BoundWatch;
  /** Computing time so far, earlier sessions included. */
  readonly wallSeconds: () => number;
  readonly onRecord?: ((record: StepRecord) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asked before everything that is written; throws where the run has become another process's. */
  readonly mayWrite: () => void;
}

/** What is left of a training: how it ended, and the files that tell of it, by name, safely on the disk. */
export interface Recorded {
  readonly end: TrainingEnd;
  readonly files: Readonly<Record<string, FileState>>;
}

const millisecondsBetweenFlushes = 2000;

/** What writes of a run while it is made. */
interface Writers {
  readonly writer: TraceWriter;
  readonly timing: TimingWriter;
}

/** Saves the run whenever the training asks: rows first, then the checkpoint that counts on them. */
function checkpointsOf(
  { id, run }: PreparedRun,
  { directory, outcome, health, bounds, wallSeconds, mayWrite }: Recording,
  { writer, timing }: Writers,
  sampler: BatchSampler | undefined,
): Checkpoints {
  const { checkpoint: rhythm } = run.config;
  return {
    everySteps: "everySteps" in rhythm ? rhythm.everySteps : Number.POSITIVE_INFINITY,
    due: "everySeconds" in rhythm ? interval(rhythm.everySeconds * 1000).hasPassed : () => false,
    save(training) {
      const files = writer.sync();
      mayWrite();
      writeCheckpoint(directory, {
        id,
        training,
        sampler: sampler?.state(),
        outcome: outcome.state(),
        health: health.state(),
        bounds: bounds.state(),
        files,
        timing: timing.state(),
        wallSeconds: wallSeconds(),
      });
    },
  };
}

function writersOf({ run, problem, precision }: PreparedRun, recording: Recording): Writers {
  const { directory, checkpoint, bounds, mayWrite } = recording;
  const layerNames = problem.layers.map(({ name }) => name);
  const writer = new TraceWriter(directory, layerNames, bounds.columns, precision, {
    layers: run.config.trace.layers,
    averaged: run.config.averageWeights !== undefined,
    resume: checkpoint?.files,
    mayWrite,
  });
  try {
    return { writer, timing: new TimingWriter(directory, checkpoint?.timing, mayWrite) };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** The writers of a run's files and its training, which has not begun. */
function setUp<V, S>(
  prepared: PreparedRun,
  computation: Computation<V, S>,
  recording: Recording,
): Writers & { training: Training<V, S> } {
  const { run, problem } = prepared;
  const { checkpoint, bounds, signal } = recording;
  const sampler = samplerOf(prepared, checkpoint?.sampler);
  const writers = writersOf(prepared, recording);
  const training = {
    ...trainingOf(prepared, computation, bounds),
    sampler,
    keepWeights: keepsWeights(run.config, problem.layers),
    signal,
    resume: checkpoint?.training,
    checkpoints: checkpointsOf(prepared, recording, writers, sampler),
  };
  return { ...writers, training };
}

/** Everything that belongs to the weights of a run when they are kept. */
const savedLayers = ({ layers, nonTrainable = [] }: Problem) => [...layers, ...nonTrainable];

/** The run's files as they are once it has ended, all of them on the disk. */
function finishedFiles(
  { problem }: PreparedRun,
  { directory, mayWrite }: Recording,
  writer: TraceWriter,
  { weights, averagedWeights }: TrainingEnd,
): Recorded["files"] {
  const files = namedFiles(writer.sync());
  const write = (name: string, layers: readonly Layer[], values: readonly Numbers[] | undefined) => {
    if (!values) return {};
    mayWrite();
    return { [name]: writeWeights(join(directory, name), layers, values) };
  };
  return {
    ...files,
    ...write(weightsFile, savedLayers(problem), weights),
    ...write(averagedWeightsFile, problem.layers, averagedWeights),
  };
}

/** Trains on one backend, from the start or from a checkpoint, writing the traces as the records come. */
export async function trainInto<V, S>(
  prepared: PreparedRun,
  computation: Computation<V, S>,
  recording: Recording,
): Promise<Recorded> {
  const { outcome, health, bounds, wallSeconds, onRecord } = recording;
  let made: ReturnType<typeof setUp<V, S>>;
  try {
    made = setUp(prepared, computation, recording);
  } catch (error) {
    // A training that has not begun frees nothing.
    computation.objective.dispose?.();
    throw error;
  }
  const { writer, timing, training } = made;
  const sinceFlush = interval(millisecondsBetweenFlushes);
  try {
    const end = await follow(training, (record) => {
      outcome.observe(record);
      health.observe(record);
      // What is not in the trace nobody looks up.
      if (record.evaluated && record.traced) timing.evaluated(record.step, wallSeconds());
      const boundValues = bounds.observe(record);
      if (record.traced) writer.write(record, boundValues);
      onRecord?.(record);
      if (!sinceFlush.hasPassed()) return;
      writer.flush();
      timing.flush();
    });
    return { end, files: finishedFiles(prepared, recording, writer, end) };
  } finally {
    try {
      writer.close();
    } finally {
      timing.close();
    }
  }
}
