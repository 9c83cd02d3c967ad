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

/** Number of dimensions of each of the four files: grey-scale images have three, labels one. */
export const fileRanks = [3, 1, 3, 1] as const;

/** The four files of an image data set: train images, train labels, test images, test labels. */
export type FourFiles = readonly [IdxFile, IdxFile, IdxFile, IdxFile];

/** How many examples, from the first on, are used of each part; all of them where absent. */
export interface Limit {
  readonly train?: number | undefined;
  readonly test?: number | undefined;
}

/** Images as an IDX file holds them. */
export interface IdxImages {
  readonly size: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

/**
 * Images with their labels.
 *
 * @param imageFile of three dimensions (n × height × width) or four (and channels)
 * @throws ExperimentError if a file is damaged, or the two do not belong together
 */
export function idxImages(imageFile: IdxFile, labelFile: IdxFile): IdxImages {
  const { dimensions, values: pixels } = parseIdx(imageFile, 3, 4);
  const [size, height, width, channels = 1] = dimensions as [number, number, number, number?];
  const { values: labels } = parseIdx(labelFile, 1);
  if (labels.length !== size) {
    throw damaged(
      labelFile,
      `found ${labels.length} labels, expected ${size}: one for each image of ${imageFile.path}`,
    );
  }
  return { size, height, width, channels, pixels, labels };
}

/** @throws ExperimentError if a label is no class */
function checkLabels({ labels }: ImageSet, file: IdxFile, classes: number): void {
  const wrong = labels.findIndex((label) => label >= classes);
  if (wrong < 0) return;
  throw damaged(file, `found the label ${labels[wrong]} at index ${wrong}, expected 0 … ${classes - 1}`);
}

function firstExamples({ size, pixels, labels }: IdxImages, count = size): ImageSet {
  const kept = Math.min(size, count);
  return { size: kept, pixels: pixels.subarray(0, (kept * pixels.length) / size), labels: labels.subarray(0, kept) };
}

/** @throws ExperimentError if images of the two parts differ in size */
export function checkSameSize(train: IdxImages, test: IdxImages, trainFile: IdxFile, testFile: IdxFile): void {
  const sizeOf = ({ height, width, channels }: IdxImages) =>
    `${height} × ${width}${channels > 1 ? ` × ${channels}` : ""}`;
  const [found, expected] = [sizeOf(test), sizeOf(train)];
  if (found === expected) return;
  throw damaged(testFile, `found images of ${found} pixels, expected ${expected} as in ${trainFile.path}`);
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
  const train = idxImages(trainImages, trainLabels);
  const test = idxImages(testImages, testLabels);
  checkLabels(train, trainLabels, classes);
  checkLabels(test, testLabels, classes);
  const { height, width, channels } = train;
  checkSameSize(train, test, trainImages, testImages);
  const checksum = createHash("sha256");
  for (const file of files) checksum.update(file.bytes);
  return {
    name,
    height,
    width,
    channels,
    classes,
    train: firstExamples(train, limit?.train),
    test: firstExamples(test, limit?.test),
    checksum: checksum.digest("hex"),
    source,
  };
}
