import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import envPaths from "env-paths";
import { messageOf } from "../errors.js";

/**
 * A directory in the user's cache: where the operating system puts caches (on Linux $XDG_CACHE_HOME or ~/.cache), under
 * run-experiment; the environment variable RUN_EXPERIMENT_CACHE names another place. It need not exist.
 */
export function cacheDirectory(...path: string[]): string {
  const root = process.env.RUN_EXPERIMENT_CACHE || envPaths("run-experiment", { suffix: "" }).cache;
  return join(root, ...path);
}

/** Writes a file so that other processes see all of it or nothing, making its directory if need be. */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes, { flag: "wx" });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Keeps files for the next time. A cache that cannot be written costs time, not the run: it is announced. */
export async function keepInCache(
  files: Iterable<readonly [path: string, bytes: Uint8Array]>,
  announce: (line: string) => void,
): Promise<void> {
  for (const [path, bytes] of files) {
    try {
      await writeAtomically(path, bytes);
    } catch (error) {
      announce(`The cache cannot be written and is not used: ${messageOf(error)}`);
      return;
    }
  }
}
