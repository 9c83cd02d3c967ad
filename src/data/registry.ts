import { ExperimentError } from "../errors.js";
import type { DatasetDefinition } from "./dataset.js";
import { mnist } from "./mnist.js";
import { syntheticDigits } from "./synthetic-digits.js";

/** Every data set a config can name. A new one is a file and a line here. */
export const datasets: readonly DatasetDefinition[] = [mnist, syntheticDigits];

/** @throws ExperimentError if there is no data set of this name */
export function datasetNamed(name: string): DatasetDefinition {
  const found = datasets.find((dataset) => dataset.name === name);
  if (found) return found;
  const known = datasets.map((dataset) => dataset.name).join(", ");
  throw new ExperimentError(`data.name: unknown data set "${name}", expected one of: ${known}`);
}
