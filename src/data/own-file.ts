import { createHash } from "node:crypto";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOrdinaryFile, UnsuitableFile } from "../base/files.js";

/** A file of the user's. */
export interface OwnFile {
  readonly bytes: Buffer;
  readonly sha256: string;
}

/**
 * Reads a file that a config names.
 *
 * @param option of the config, for errors
 * @param mostBytes what is longer is not read
 * @throws ExperimentError if it is not there or not to be read
 */
export function readOwnFile(path: string, option: string, mostBytes: number): OwnFile {
  try {
    const bytes = readOrdinaryFile(path, mostBytes);
    return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = messageOf(cause);
    const finding =
      cause instanceof UnsuitableFile ? message : isMissing ? "does not exist" : `cannot be read (${message})`;
    throw new ExperimentError(`${path} ${finding}: correct ${option} (relative to the config's directory)`, { cause });
  }
}
