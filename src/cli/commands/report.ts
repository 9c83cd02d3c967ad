import { join } from "node:path";
import { builtIn } from "../../built-in/built-in.js";
import { availableRegistry } from "../../registry/plugins.js";
import { experimentDirectories, recordedPlugins } from "../../report/experiment-results.js";
import { writeReport } from "../../report/report.js";
import { print, tell } from "../output.js";

/** Writes report.html and figures/*.svg of these results. */
export async function report(paths: readonly string[]): Promise<void> {
  const directories = new Set(paths.flatMap(experimentDirectories));
  for (const directory of directories) {
    const registry = await availableRegistry(builtIn, recordedPlugins(directory), tell);
    const { page, figures, damaged } = await writeReport(directory, registry, { svg: true });
    for (const line of damaged) tell(line);
    print([`${page} and ${figures.length} figures in ${join(directory, "figures")}`]);
  }
}
