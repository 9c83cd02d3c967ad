import type { ImageDataset, ImageSet } from "../data/dataset.js";
import { InputReader } from "../data/input-reader.js";
import type { Examples, HeldOutExamples } from "./linear-model.js";

/** Each part of a data set as the examples of a linear model: inputs normalized as it says, targets as they are. */
export function datasetExamples(dataset: ImageDataset): Examples & HeldOutExamples {
  const reader = new InputReader(dataset);
  const examplesOf = (set: ImageSet): Examples => {
    const all = Int32Array.from({ length: set.size }, (_, i) => i);
    const entries = reader.read(set, all, new Float64Array(set.size * reader.length));
    return { features: { rows: set.size, columns: reader.length, entries }, targets: Float64Array.from(set.labels) };
  };
  const { train, validation, test } = dataset;
  return {
    ...examplesOf(train),
    ...(validation && { validation: examplesOf(validation) }),
    ...(test && { test: examplesOf(test) }),
  };
}
