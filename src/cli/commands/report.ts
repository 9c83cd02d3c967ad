import { join } from "node:path";
import { experimentDirectories } from "../../report/experiment-results.js";
import { writeReport } from "../../report/report.js";
import { print, tell } from "../output.js";

/** Writes report.html and figures/*.svg of these results. */
export async function report(paths: readonly string[]): Promise<void> {
  const directories = new Set(paths.flatMap(experimentDirectories));
  for (const directory of directories) {
    const { page, figures, damaged } = await writeReport(directory, { svg: true });
    for (const line of damaged) tell(line);
    print([`${page} and ${figures.length} figures in ${join(directory, "figures")}`]);
  }
}
