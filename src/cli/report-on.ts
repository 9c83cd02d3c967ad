import { ExperimentError } from "../base/errors.js";
import type { ExperimentResult } from "../execution/experiment.js";
import type { Registry } from "../registry/registry.js";

/**
 * Writes report.html after an experiment, without the SVG files, which cost seconds.
 *
 * @returns why there is none, which is announced too
 */
export async function reportOn(
  { directory, manifests }: Pick<ExperimentResult, "directory" | "manifests">,
  registry: Registry,
  observer: { announce(line: string): void },
): Promise<string | undefined> {
  if (manifests.length === 0) return undefined;
  const { writeReport } = await import("../report/report.js");
  try {
    await writeReport(directory, registry, { svg: false });
    return undefined;
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    const failure = `no report: ${error.message}`;
    observer.announce(failure);
    return failure;
  }
}
