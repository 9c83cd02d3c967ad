import { dirname, join, resolve } from "node:path";
import { builtIn } from "../../built-in/built-in.js";
import { availableRegistry } from "../../registry/plugins.js";
import { experimentDirectories, recordedPlugins } from "../../report/experiment-results.js";
import { type ReportFiles, writeIndex, writeReport } from "../../report/report.js";
import { print, tell } from "../output.js";

/**
 * Writes report.html and figures/*.svg of these results, and index.html into every directory that holds experiments and was
 * named as such.
 */
export async function report(paths: readonly string[]): Promise<void> {
  const summaries = new Map<string, ReportFiles["summary"]>();
  for (const path of paths) {
    const directories = experimentDirectories(path);
    for (const directory of directories) {
      if (summaries.has(directory)) continue;
      summaries.set(directory, await reportOf(directory));
    }
    const holdsThem = directories.every((directory) => dirname(resolve(directory)) === resolve(path));
    if (holdsThem)
      print([
        writeIndex(
          path,
          directories.map((directory) => summaries.get(directory)!),
        ),
      ]);
  }
}

async function reportOf(directory: string): Promise<ReportFiles["summary"]> {
  const registry = await availableRegistry(builtIn, recordedPlugins(directory), tell);
  const { page, figures, damaged, summary } = await writeReport(directory, registry, { svg: true });
  for (const line of damaged) tell(line);
  print([`${page} and ${figures.length} figures in ${join(directory, "figures")}`]);
  return summary;
}
