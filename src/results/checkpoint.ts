import { createHash } from "node:crypto";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { z } from "zod";
import { messageOf } from "../base/errors.js";
import { type FileState, hashOfFile, onDisk, readOrdinaryFile, syncDirectory, writeThrough } from "../base/files.js";
import type { BatchSamplerState } from "../data/batches.js";
import { type TraceStates, traceFiles } from "../trace/trace-writer.js";
import type { TrainingState } from "../training/state.js";
import type { HealthState } from "./health.js";
import type { Outcome } from "./manifest.js";

/** Everything a run that was cut off needs to go on as if it had not been. */
export interface Checkpoint {
  /** Of the run: a checkpoint never serves another. */
  readonly id: string;
  readonly training: TrainingState;
  /** Absent for full batches. */
  readonly sampler?: BatchSamplerState | undefined;
  readonly outcome: Outcome;
  /** What the bounds remember. */
  readonly bounds: unknown;
  readonly files: TraceStates;
  /** The times of evaluations. */
  readonly timing: FileState;
  /** What is known of the run's health. */
  readonly health: HealthState;
  /** Time computed so far. */
  readonly wallSeconds: number;
}

const numbers = z.union([z.instanceof(Float32Array), z.instanceof(Float64Array)]);
const fileState = z.object({ bytes: z.int().nonnegative(), sha256: z.string() });

/** What going on counts on; the sampler, the outcome and the bounds look at their own parts. */
const checkpointSchema = z.object({
  id: z.string(),
  training: z.object({
    step: z.int().nonnegative(),
    weights: z.array(numbers),
    optimizer: z.array(z.record(z.string(), numbers)),
    nonTrainable: z.array(numbers).optional(),
  }),
  sampler: z.object({ epochStart: z.array(z.number()), position: z.int() }).optional(),
  outcome: z.looseObject({
    steps: z.int(),
    final: z.record(z.string(), z.number()),
    best: z.record(z.string(), z.number()),
  }),
  bounds: z.unknown(),
  files: z.object({ trace: fileState, layers: fileState.optional() }),
  timing: fileState,
  health: z.looseObject({ silentSince: z.record(z.string(), z.number()) }),
  wallSeconds: z.number(),
});

const paths = (runDirectory: string) => ({
  current: join(runDirectory, "checkpoint"),
  previous: join(runDirectory, "checkpoint.previous"),
  temporary: join(runDirectory, "checkpoint.tmp"),
});

/** The first bytes of the file; raised when its form changes. */
const magic = "run-experiment checkpoint 3\n";
const headerLength = magic.length + 32;

const sha256 = (content: Uint8Array) => createHash("sha256").update(content).digest();

/**
 * Writes a checkpoint beside the last one, which is kept: at every moment at least one of them is whole. The form is
 * the structured clone of Node, which holds every number to the bit, NaN and −0 included, after its SHA-256.
 */
export function writeCheckpoint(runDirectory: string, checkpoint: Checkpoint): void {
  const { current, previous, temporary } = paths(runDirectory);
  onDisk("write", current, () => {
    const payload = serialize(checkpoint);
    rmSync(temporary, { force: true });
    writeThrough(temporary, Buffer.concat([Buffer.from(magic), sha256(payload), payload]));
    if (existsSync(current)) renameSync(current, previous);
    renameSync(temporary, current);
    syncDirectory(runDirectory);
  });
}

/** Every file that this module makes in a run's directory. */
export const checkpointFiles: readonly string[] = Object.values(paths(""));

export function removeCheckpoints(runDirectory: string): void {
  for (const path of Object.values(paths(runDirectory))) rmSync(path, { force: true, recursive: true });
}

/** What is wrong with the run's files, if their beginnings are not what they were at the checkpoint. */
function changedRows(runDirectory: string, files: TraceStates): string | undefined {
  for (const key of ["trace", "layers"] as const) {
    const [name, state] = [traceFiles[key], files[key]];
    if (state === undefined) continue;
    const path = join(runDirectory, name);
    if (!existsSync(path) || statSync(path).size < state.bytes)
      return `${name} lacks rows that were there when it was made`;
    if (hashOfFile(path, state.bytes).digest("hex") !== state.sha256) return `${name} has been changed since`;
  }
  return undefined;
}

/** @throws Error saying why this file cannot serve */
function read(path: string, runDirectory: string, id: string): Checkpoint {
  const file = readOrdinaryFile(path, Number.POSITIVE_INFINITY);
  if (file.toString("latin1", 0, magic.length) !== magic) throw new Error("it is not a checkpoint of this version");
  const payload = file.subarray(headerLength);
  if (!sha256(payload).equals(file.subarray(magic.length, headerLength))) throw new Error("its checksum is wrong");
  const parsed = checkpointSchema.safeParse(deserialize(payload));
  if (!parsed.success) throw new Error(`its ${parsed.error.issues[0]!.path.join(".")} is not what it should be`);
  const checkpoint = parsed.data as unknown as Checkpoint;
  if (checkpoint.id !== id) throw new Error(`it belongs to the run ${checkpoint.id}`);
  const changed = changedRows(runDirectory, checkpoint.files);
  if (changed) throw new Error(changed);
  return checkpoint;
}

/**
 * The newest checkpoint of a run that can be used.
 *
 * @param announce told of each one that is there but cannot be used, and why
 */
export function readCheckpoint(
  runDirectory: string,
  id: string,
  announce: (line: string) => void,
): Checkpoint | undefined {
  const { current, previous } = paths(runDirectory);
  for (const path of [current, previous]) {
    if (!existsSync(path)) continue;
    try {
      return read(path, runDirectory, id);
    } catch (error) {
      announce(`${path} cannot be used: ${messageOf(error)}`);
    }
  }
  return undefined;
}
