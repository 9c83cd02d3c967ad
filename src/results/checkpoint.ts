import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { BatchSamplerState } from "../data/batches.js";
import { messageOf } from "../errors.js";
import { type TracePositions, traceFiles } from "../trace/trace-writer.js";
import type { TrainingState } from "../training/state.js";
import { onDisk } from "./files.js";
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
  readonly files: TracePositions;
  /** Time computed so far. */
  readonly wallSeconds: number;
}

const paths = (runDirectory: string) => ({
  current: join(runDirectory, "checkpoint"),
  previous: join(runDirectory, "checkpoint.previous"),
  temporary: join(runDirectory, "checkpoint.tmp"),
});

/** The first bytes of the file; raised when its form changes. */
const magic = "run-experiment checkpoint 1\n";
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
    const content = Buffer.concat([Buffer.from(magic), sha256(payload), payload]);
    const descriptor = openSync(temporary, "w");
    try {
      for (let written = 0; written < content.length; ) written += writeSync(descriptor, content, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (existsSync(current)) renameSync(current, previous);
    renameSync(temporary, current);
  });
}

export function removeCheckpoints(runDirectory: string): void {
  for (const path of Object.values(paths(runDirectory))) rmSync(path, { force: true });
}

/** What is wrong with the run's files, if they are shorter than they were at the checkpoint. */
function missingRows(runDirectory: string, files: TracePositions): string | undefined {
  for (const key of ["trace", "layers"] as const) {
    const [name, position] = [traceFiles[key], files[key]];
    if (position === undefined) continue;
    const path = join(runDirectory, name);
    if (!existsSync(path) || statSync(path).size < position)
      return `${name} lacks rows that were there when it was made`;
  }
  return undefined;
}

/** @throws Error saying why this file cannot serve */
function read(path: string, runDirectory: string, id: string): Checkpoint {
  const content = readFileSync(path);
  if (content.toString("latin1", 0, magic.length) !== magic) throw new Error("it is not a checkpoint of this version");
  const payload = content.subarray(headerLength);
  if (!sha256(payload).equals(content.subarray(magic.length, headerLength))) throw new Error("its checksum is wrong");
  const checkpoint = deserialize(payload) as Checkpoint;
  if (checkpoint.id !== id) throw new Error(`it belongs to the run ${checkpoint.id}`);
  const missing = missingRows(runDirectory, checkpoint.files);
  if (missing) throw new Error(missing);
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
