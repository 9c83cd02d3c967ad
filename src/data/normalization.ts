import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { ImageDataset } from "./dataset.js";
import { intensities } from "./input-reader.js";

const perChannel = (number: z.ZodNumber) => z.union([number, z.array(number).min(1)]);

export const normalizationOption = z.union(
  [
    z.literal("standardize"),
    z.strictObject({
      mean: perChannel(z.number()).describe(
        "subtracted from each intensity (0 … 1) or feature; one number, or one a channel",
      ),
      std: perChannel(z.number().positive()).describe(
        "the differences are divided by it; one number, or one a channel",
      ),
    }),
  ],
  { error: 'expected "standardize", or {mean, std}' },
);

/** Mean and standard deviation, one of each a channel: inputs become (x − mean)/std. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function spreadOver(option: number | number[], channels: number, name: string): number[] {
  if (typeof option === "number") return Array.from({ length: channels }, () => option);
  if (option.length === channels) return option;
  throw new ExperimentError(
    `data.normalize.${name}: got ${option.length} numbers for ${channels} channel${channels === 1 ? "" : "s"}; give one number, or one a channel`,
  );
}

/** Mean and standard deviation of each channel over the training set; a channel that never changes keeps its scale. */
function measured({ train, channels }: ImageDataset): Normalization {
  const value = intensities(train.pixels);
  const { length } = train.pixels;
  const each = Math.max(1, length / channels);
  const mean = new Array<number>(channels).fill(0);
  for (let i = 0; i < length; i++) mean[i % channels]! += value(i) / each;
  const squares = new Array<number>(channels).fill(0);
  for (let i = 0; i < length; i++) squares[i % channels]! += (value(i) - mean[i % channels]!) ** 2 / each;
  return { mean, std: squares.map((square) => Math.sqrt(square) || 1) };
}

/**
 * What the option means for this data set; only its training set is looked at.
 *
 * @throws ExperimentError if there are numbers for another number of channels
 */
export function normalizationOf(option: z.output<typeof normalizationOption>, dataset: ImageDataset): Normalization {
  if (option === "standardize") return measured(dataset);
  const { channels } = dataset;
  return { mean: spreadOver(option.mean, channels, "mean"), std: spreadOver(option.std, channels, "std") };
}
