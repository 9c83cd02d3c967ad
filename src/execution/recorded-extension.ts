import { join } from "node:path";
import { z } from "zod";
import { readJson } from "../base/files.js";
import { type Extended, extendExperiment, isExtensionOf } from "../config/extension.js";
import type { Experiment } from "../config/load.js";
import { sweepSchema } from "../config/sweep.js";

const extendedFile = z.object({
  extended: z.object({
    from: sweepSchema,
    by: z.array(z.object({ path: z.string(), values: z.array(z.unknown()) })),
  }),
});

/**
 * The experiment with what its sweep was extended by when it was run before, so that the runs made then stay part of
 * its matrix. A sweep that has been changed since is taken as it is.
 *
 * @param out directory of all results
 */
export function withRecordedExtension(experiment: Experiment, out: string): Experiment {
  const recorded = extendedFile.safeParse(readJson(join(out, experiment.name, "experiment.json"))).data?.extended;
  if (recorded === undefined || !isExtensionOf(experiment, recorded as Extended)) return experiment;
  const { by } = recorded;
  const notes = by.map(
    ({ path, values }) => `${path}: with ${values.map(String).join(", ")} too, by which the sweep was extended before`,
  );
  return { ...extendExperiment(experiment, by), notes: [...experiment.notes, ...notes] };
}
