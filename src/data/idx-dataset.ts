import { createHash } from "node:crypto";
import type { ImageDataset, ImageSet } from "./dataset.js";
import { damaged, type IdxFile, parseIdx } from "./idx.js";

/** Names of the four files of an image data set without suffix, in the order in which they are handed around. */
export const fileStems = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

/** Number of dimensions of each of the four files: images have three, labels one. */
export const fileRanks = [3, 1, 3, 1] as const;

/** The four files of an image data set: train images, train labels, test images, test labels. */
export type FourFiles = readonly [IdxFile, IdxFile, IdxFile, IdxFile];

/** How many examples, from the first on, are used of each part; all of them where absent. */
export interface Limit {
  readonly train?: number | undefined;
  readonly test?: number | undefined;
}

interface SizedImageSet extends ImageSet {
  readonly height: number;
  readonly width: number;
}

function imageSet(imageFile: IdxFile, labelFile: IdxFile, classes: number): SizedImageSet {
  const { dimensions, values: pixels } = parseIdx(imageFile, 3);
  const [size, height, width] = dimensions as [number, number, number];
  const { values: labels } = parseIdx(labelFile, 1);
  if (labels.length !== size) {
    throw damaged(
      labelFile,
      `found ${labels.length} labels, expected ${size}: one for each image of ${imageFile.path}`,
    );
  }
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong >= 0) {
    throw damaged(labelFile, `found the label ${labels[wrong]} at index ${wrong}, expected 0 … ${classes - 1}`);
  }
  return { size, height, width, pixels, labels };
}

function firstExamples({ size, height, width, pixels, labels }: SizedImageSet, count = size): ImageSet {
  const kept = Math.min(size, count);
  return { size: kept, pixels: pixels.subarray(0, kept * height * width), labels: labels.subarray(0, kept) };
}

/**
 * The data set in four IDX files. The checksum is that of the whole files, whatever the limit.
 *
 * @throws ExperimentError if a file is damaged, a label is no class, or the files do not belong together
 */
export function assembleDataset(
  files: FourFiles,
  facts: Pick<ImageDataset, "name" | "classes" | "source"> & { readonly limit?: Limit | undefined },
): ImageDataset {
  const [trainImages, trainLabels, testImages, testLabels] = files;
  const { name, classes, source, limit } = facts;
  const train = imageSet(trainImages, trainLabels, classes);
  const test = imageSet(testImages, testLabels, classes);
  const { height, width } = train;
  if (test.height !== height || test.width !== width) {
    const [found, expected] = [`${test.height} × ${test.width}`, `${height} × ${width}`];
    throw damaged(testImages, `found images of ${found} pixels, expected ${expected} as in ${trainImages.path}`);
  }
  const checksum = createHash("sha256");
  for (const file of files) checksum.update(file.bytes);
  return {
    name,
    height,
    width,
    classes,
    train: firstExamples(train, limit?.train),
    test: firstExamples(test, limit?.test),
    checksum: checksum.digest("hex"),
    source,
  };
}
