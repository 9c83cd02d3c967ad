import { join } from "node:path";
import envPaths from "env-paths";
import { messageOf } from "../errors.js";
import { writeAtomically } from "../results/files.js";

/**
 * A directory in the user's cache: where the operating system puts caches (on Linux $XDG_CACHE_HOME or ~/.cache), under
 * run-experiment; the environment variable RUN_EXPERIMENT_CACHE names another place. It need not exist.
 */
export function cacheDirectory(...path: string[]): string {
  const root = process.env.RUN_EXPERIMENT_CACHE || envPaths("run-experiment", { suffix: "" }).cache;
  return join(root, ...path);
}

/** Keeps files for the next time. A cache that cannot be written costs time, not the run: it is announced. */
export function keepInCache(
  files: Iterable<readonly [path: string, bytes: Uint8Array]>,
  announce: (line: string) => void,
): void {
  for (const [path, bytes] of files) {
    try {
      writeAtomically(path, bytes);
    } catch (error) {
      announce(`The cache cannot be written and is not used: ${messageOf(error)}`);
      return;
    }
  }
}
