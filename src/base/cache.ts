import { join } from "node:path";
import envPaths from "env-paths";

/**
 * A directory in the user's cache: where the operating system puts caches (on Linux $XDG_CACHE_HOME or ~/.cache), under
 * run-experiment; the environment variable RUN_EXPERIMENT_CACHE names another place. It need not exist.
 */
export function cacheDirectory(...path: string[]): string {
  const root = process.env.RUN_EXPERIMENT_CACHE || envPaths("run-experiment", { suffix: "" }).cache;
  return join(root, ...path);
}
