import { createHash, type Hash, randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
import { ExperimentError, messageOf } from "./errors.js";

/** Runs a file operation; what goes wrong becomes one line that names the path. */
export function onDisk<T>(what: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ExperimentError(`cannot ${what} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** A file that is there and not to be read; the message goes on after its name, e.g. "is a directory". */
export class UnsuitableFile extends Error {}

/**
 * The content of an ordinary file.
 *
 * @param mostBytes what is longer is not read
 * @throws UnsuitableFile for what has no end or is waited for (a device, a pipe), and for a file that is too long
 * @throws Error of the system, if there is none or it may not be read
 */
export function readOrdinaryFile(path: string, mostBytes: number): Buffer {
  // Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const facts = fstatSync(descriptor);
    if (facts.isDirectory()) throw new UnsuitableFile("is a directory");
    if (!facts.isFile()) throw new UnsuitableFile("is no ordinary file");
    if (facts.size > mostBytes) throw new UnsuitableFile(`has ${facts.size} bytes, more than ${mostBytes}`);
    return readToEnd(descriptor, mostBytes);
  } finally {
    closeSync(descriptor);
  }
}

/** Some files are longer than they say: those in /proc have no length and some no end. */
function readToEnd(descriptor: number, mostBytes: number): Buffer {
  const blocks: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const block = Buffer.allocUnsafe(1 << 18);
    const read = readSync(descriptor, block);
    if (read === 0) return Buffer.concat(blocks);
    bytes += read;
    if (bytes > mostBytes) throw new UnsuitableFile(`has more than ${mostBytes} bytes`);
    blocks.push(block.subarray(0, read));
  }
}

function makeOneDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST" && statSync(path).isDirectory();
    if (!isThere) throw error;
  }
}

/**
 * Makes a directory and those above it that are missing. Node's recursive form never returns where one of them can hold
 * none, as /proc.
 */
export function makeDirectory(path: string): void {
  try {
    makeOneDirectory(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || parent === path) throw error;
    makeDirectory(parent);
    makeOneDirectory(path);
  }
}

/** Opens for writing, never through a symbolic link that was put in the file's place. */
export const writable = {
  fresh: constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0),
  existing: constants.O_RDWR | (constants.O_NOFOLLOW ?? 0),
} as const;

/** Writes a new file and returns once it is on the disk. */
export function writeThrough(path: string, content: string | Uint8Array): void {
  const descriptor = openSync(path, writable.fresh | constants.O_EXCL);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Returns once the directory's names are on the disk: a renamed file is, else, the old one after a power cut. */
export function syncDirectory(path: string): void {
  // Windows has no such operation, and writes names through.
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes a file so that a reader sees the old content or the new, never a part: under a temporary name, then renamed.
 *
 * @param write makes the file under the name it is given, where there is none yet
 * @param options.durable return only when a power cut can no longer undo it; what is written must be on the disk
 */
export function replaceFile(path: string, write: (temporary: string) => void, { durable = false } = {}): void {
  onDisk("write", path, () => {
    makeDirectory(dirname(path));
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      write(temporary);
      renameSync(temporary, path);
      if (durable) syncDirectory(dirname(path));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** Writes a file so that a reader sees the old content or the new, never a part. */
export function writeAtomically(path: string, content: string | Uint8Array, { durable = false } = {}): void {
  const write = (temporary: string) =>
    durable ? writeThrough(temporary, content) : writeFileSync(temporary, content, { flag: "wx" });
  replaceFile(path, write, { durable });
}

/** What a finished file holds, to be recognised later. */
export interface FileState {
  readonly bytes: number;
  readonly sha256: string;
}

/** A hash that has taken in the first bytes of a file. */
export function hashOfFile(path: string, bytes: number): Hash {
  const hash = createHash("sha256");
  const block = Buffer.alloc(Math.min(bytes, 1 << 20));
  const descriptor = openSync(path, "r");
  try {
    for (let position = 0; position < bytes; ) {
      const read = readSync(descriptor, block, 0, Math.min(block.length, bytes - position), position);
      if (read === 0) break;
      hash.update(block.subarray(0, read));
      position += read;
    }
  } finally {
    closeSync(descriptor);
  }
  return hash;
}

/** JSON of plain data; NaN and Infinity, which JSON lacks, are written as strings. */
export function jsonText(value: unknown): string {
  const spelled = (_: string, inner: unknown) =>
    typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner;
  return `${JSON.stringify(value, spelled, 2)}\n`;
}

export const writeJson = (path: string, value: unknown, options: { durable?: boolean } = {}): void =>
  writeAtomically(path, jsonText(value), options);

/**
 * The content of a JSON file of ours, checked.
 *
 * @param mend what to do with a damaged one
 * @returns undefined if there is no such file
 * @throws ExperimentError if it cannot be read or is not what it should be
 */
export function readJsonAs<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  mend: string,
): z.output<Schema> | undefined {
  let text: string;
  try {
    text = readOrdinaryFile(path, Number.POSITIVE_INFINITY).toString();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const what =
      error instanceof UnsuitableFile ? `${path} ${error.message}` : `cannot read ${path}: ${messageOf(error)}`;
    throw new ExperimentError(`${what}; ${mend}`, { cause: error });
  }
  const damaged = (reason: string) => new ExperimentError(`${path} is damaged (${reason}); ${mend}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(messageOf(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw damaged(`${place.join(".") || "its content"}: ${message}`);
}

/** The content of a JSON file; undefined if there is none or it is not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readOrdinaryFile(path, Number.POSITIVE_INFINITY).toString());
  } catch {
    return undefined;
  }
}
