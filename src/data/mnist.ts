import type { z } from "zod";
import { type DataContext, defineDataset, type ImageDataset } from "./dataset.js";
import { loadPublication, type Publication, publicationSchema } from "./publication.js";
import { type PublishedFile, publishedIdxDataset } from "./published-files.js";
import { syntheticDigits } from "./synthetic-digits.js";

/** The files as LeCun, Cortes and Burges published them: train images, train labels, test images, test labels. */
const originalFiles: readonly PublishedFile[] = [
  {
    packed: { bytes: 9912422, sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609" },
    unpacked: { bytes: 47040016, sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db" },
  },
  {
    packed: { bytes: 28881, sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c" },
    unpacked: { bytes: 60008, sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5" },
  },
  {
    packed: { bytes: 1648877, sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6" },
    unpacked: { bytes: 7840016, sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7" },
  },
  {
    packed: { bytes: 4542, sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6" },
    unpacked: { bytes: 10008, sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2" },
  },
];

const publication: Publication = {
  name: "mnist",
  title: "MNIST",
  files: "the four files",
  environment: "MNIST_DIR",
  train: 60_000,
  test: 10_000,
  mirrors: [
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
  ],
  fallback: syntheticDigits,
};

const schema = publicationSchema(publication, "mnist", "synthetic-digits");

export type MnistOptions = z.output<typeof schema>;

/** @param published the files' checksums */
export const loadMnist = (
  options: MnistOptions,
  context: DataContext,
  published: readonly PublishedFile[] = originalFiles,
): Promise<ImageDataset> =>
  loadPublication(publication, options, context, (places) =>
    publishedIdxDataset(published, places, { name: "mnist", classes: 10, limit: options.limit }),
  );

/**
 * MNIST: 60 000 + 10 000 handwritten digits of 28 × 28 pixels. LeCun, Bottou, Bengio and Haffner, "Gradient-based learning
 * applied to document recognition", Proceedings of the IEEE 86 (1998).
 */
export const mnist = defineDataset({
  name: "mnist",
  summary: "60000 + 10000 handwritten digits, 28 × 28; found locally or downloaded, checksums verified",
  version: 1,
  schema,
  load: (options, context) => loadMnist(options, context),
});
