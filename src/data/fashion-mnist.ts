import { type DataContext, defineDataset, type ImageDataset } from "./dataset.js";
import { loadPublication, type Publication, type PublicationOptions, publicationSchema } from "./publication.js";
import { type PublishedFile, publishedIdxDataset } from "./published-files.js";
import { syntheticDigits } from "./synthetic-digits.js";

/**
 * The files as Zalando Research publishes them: train images, train labels, test images, test labels. SHA-256 of the packed
 * files as in TensorFlow Datasets; of the unpacked ones none is published.
 */
const originalFiles: readonly PublishedFile[] = [
  {
    packed: { bytes: 26421880, sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84" },
    unpacked: { bytes: 47040016 },
  },
  {
    packed: { bytes: 29515, sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845" },
    unpacked: { bytes: 60008 },
  },
  {
    packed: { bytes: 4422102, sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073" },
    unpacked: { bytes: 7840016 },
  },
  {
    packed: { bytes: 5148, sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5" },
    unpacked: { bytes: 10008 },
  },
];

const publication: Publication = {
  name: "fashion-mnist",
  title: "Fashion-MNIST",
  files: "the four files, packed,",
  environment: "FASHION_MNIST_DIR",
  train: 60_000,
  test: 10_000,
  mirrors: [
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  ],
  fallback: syntheticDigits,
};

/** @param published the files' checksums */
export const loadFashionMnist = (
  options: PublicationOptions,
  context: DataContext,
  published: readonly PublishedFile[] = originalFiles,
): Promise<ImageDataset> =>
  loadPublication(publication, options, context, (places) =>
    publishedIdxDataset(published, places, { name: "fashion-mnist", classes: 10, limit: options.limit }),
  );

/** Fashion-MNIST: 60 000 + 10 000 articles of clothing of 28 × 28 pixels. Xiao, Rasul and Vollgraf, arXiv:1708.07747. */
export const fashionMnist = defineDataset({
  name: "fashion-mnist",
  summary: "60000 + 10000 articles of clothing, 28 × 28; found locally or downloaded, checksums verified",
  version: 1,
  schema: publicationSchema(publication, "fashion-mnist", "synthetic-digits"),
  load: (options, context) => loadFashionMnist(options, context),
});
