import { resolve } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { defineDataset } from "./dataset.js";
import { sha256Of } from "./download.js";
import { type IdxFile, readIdxFile } from "./idx.js";
import { idxImages } from "./idx-dataset.js";
import { type OwnExamples, ownDataFields, ownDataset } from "./own-data.js";

const filePair = {
  images: z
    .string()
    .min(1)
    .describe(
      "Path of the file of images: unsigned bytes, examples × height × width (× channels), packed by gzip or not",
    ),
  labels: z.string().min(1).describe("Path of the file of their labels: unsigned bytes"),
};

const schema = z.strictObject({
  name: z.literal("idx").describe("Images of your own in IDX files, the format of MNIST"),
  ...filePair,
  test: z.strictObject(filePair).optional().describe("The files of the test set"),
  ...ownDataFields,
});

type FilePair = z.output<z.ZodObject<typeof filePair>>;

/** Longest file that is read, unpacked. */
const mostBytes = 2 ** 32;

async function readFile(path: string, option: string): Promise<IdxFile> {
  const file = await readIdxFile({ path, mend: `Correct ${option} or the file.` }, mostBytes);
  if (file) return file;
  throw new ExperimentError(`${path} does not exist: correct ${option} (relative to the config's directory)`);
}

async function readPair({ images, labels }: FilePair, directory: string, option: string) {
  const files = [
    await readFile(resolve(directory, images), `${option}.images`),
    await readFile(resolve(directory, labels), `${option}.labels`),
  ] as const;
  return { files, examples: examplesOf(...files) };
}

function examplesOf(imageFile: IdxFile, labelFile: IdxFile): OwnExamples {
  const { labels, ...images } = idxImages(imageFile, labelFile);
  if (images.pixels.length === 0) throw new ExperimentError(`${imageFile.path} holds no images`);
  return {
    ...{ ...images, targets: labels },
    placeOf: (example) => `${imageFile.path}, example ${example}`,
    targetPlaceOf: (example) => `${labelFile.path}, example ${example}`,
  };
}

/** Images of the user's in the format of MNIST. */
export const idx = defineDataset({
  name: "idx",
  summary: "Your own images in IDX files, the format of MNIST",
  version: 1,
  schema,
  async load({ images, labels, test, split }, { directory = "" }) {
    const train = await readPair({ images, labels }, directory, "data");
    const other = test && (await readPair(test, directory, "data.test"));
    const files = [...train.files, ...(other?.files ?? [])];
    return ownDataset({
      ...{ name: "idx", task: "classification", split },
      train: train.examples,
      test: other?.examples,
      source: files.map(({ path, bytes }) => `${path}, SHA-256 of its content ${sha256Of(bytes)}`).join("; "),
    });
  },
});
