import { ExperimentError } from "../errors.js";
import type { ExperimentResult } from "../execution/experiment.js";
import type { Registry } from "../registry/registry.js";

/**
 * Writes report.html after an experiment, without the SVG files, which cost seconds. A report that cannot be written
 * is announced and spoils nothing.
 */
export async function reportOn(
  { directory, manifests }: Pick<ExperimentResult, "directory" | "manifests">,
  registry: Registry,
  observer: { announce(line: string): void },
): Promise<void> {
  if (manifests.length === 0) return;
  const { writeReport } = await import("../report/report.js");
  try {
    await writeReport(directory, registry, { svg: false });
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    observer.announce(`no report: ${error.message}`);
  }
}
