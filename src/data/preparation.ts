import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { type Augmentation, augmentationOption, checkAugmentation } from "./augmentation.js";
import type { DataContext, DatasetDefinition, ImageDataset } from "./dataset.js";
import { type Holdout, holdOut, holdoutOf, holdoutOption } from "./holdout.js";
import { type Normalization, normalizationOf, normalizationOption } from "./normalization.js";
import { sharedDataset, sharedSubset } from "./shared-memory.js";

/** Options that every data set has besides its own. */
export const preparationFields = {
  validation: holdoutOption
    .optional()
    .describe(
      "training examples that are held out to tune by: a number, a share, or {examples, shuffle, seed}. Default: none",
    ),
  normalize: normalizationOption
    .optional()
    .describe(
      "inputs become (x − mean)/std: {mean, std}, or \"standardize\", by each channel's (of a table: each feature's) own over the training set. Default: as they are",
    ),
  augment: augmentationOption.optional().describe("random changes of the images of each mini-batch. Default: none"),
};

const preparationSchema = z.strictObject(preparationFields);
type PreparationOptions = z.output<typeof preparationSchema>;

/** What the options above make of a data set. */
export interface Preparation {
  readonly validation?: Holdout;
  readonly normalization?: Normalization;
  readonly augmentation?: Augmentation;
}

/** The schema of a data set's options in a config. */
export const withPreparation = ({ schema }: DatasetDefinition): z.ZodObject => schema.extend(preparationFields);

/** @throws ExperimentError if a loader's result is not what it says it is */
function checked(dataset: ImageDataset): ImageDataset {
  const { name, height, width, channels, classes, train, test } = dataset;
  for (const [field, value] of Object.entries({ height, width, channels })) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new ExperimentError(`data set ${name}: ${field}: expected a whole number above 0, got ${value}`);
  }
  if (!Number.isInteger(classes) || classes < 0) {
    throw new ExperimentError(`data set ${name}: classes: expected their number, or 0 where numbers are predicted`);
  }
  for (const [part, set] of Object.entries({ train, ...(test && { test }) })) {
    const expected = set.size * height * width * channels;
    if (set.pixels.length === expected && set.labels.length === set.size) continue;
    throw new ExperimentError(
      `data set ${name}: ${part}: expected ${expected} pixels and ${set.size} labels for ${set.size} examples of ${height} × ${width} × ${channels}, got ${set.pixels.length} and ${set.labels.length}`,
    );
  }
  return dataset;
}

/**
 * Applies the options that every data set has. The validation set is drawn from the training set, and statistics are
 * taken of what is left of that.
 */
export function prepared(dataset: ImageDataset, options: PreparationOptions): ImageDataset {
  const { normalize, augment } = options;
  const validation = options.validation === undefined ? undefined : holdoutOf(options.validation);
  const split = validation && holdOut(dataset.train.size, validation, "data.validation");
  const parts: ImageDataset = split
    ? {
        ...dataset,
        train: sharedSubset(dataset.train, split.kept),
        validation: sharedSubset(dataset.train, split.heldOut),
      }
    : dataset;
  if (augment) checkAugmentation(augment, dataset);
  const preparation: Preparation = {
    ...(validation && { validation }),
    ...(normalize && { normalization: normalizationOf(normalize, parts) }),
    ...(augment && { augmentation: augment }),
  };
  return sharedDataset(Object.keys(preparation).length > 0 ? { ...parts, preparation } : parts);
}

/**
 * The data set that a config's `data` asks for, in memory that worker threads share.
 *
 * @param data options of the definition and those of `preparationFields`, checked
 */
export async function loadDataset(
  definition: DatasetDefinition,
  data: Readonly<Record<string, unknown>>,
  context: DataContext,
): Promise<ImageDataset> {
  const { validation, normalize, augment, ...own } = data as PreparationOptions & Record<string, unknown>;
  return prepared(checked(await definition.load(own, context)), { validation, normalize, augment });
}
