import { resolve } from "node:path";
import { z } from "zod";
import { cacheDirectory } from "../base/cache.js";
import { ExperimentError } from "../base/errors.js";
import { type DataContext, defineDataset, type ImageDataset } from "./dataset.js";
import { DownloadError } from "./download.js";
import { assembleDataset } from "./idx-dataset.js";
import { findPublishedFiles, type PublishedFile } from "./published-files.js";
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

const publicMirrors = [
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://raw.githubusercontent.com/fgnt/mnist/master/",
];

const schema = z.strictObject({
  name: z.literal("mnist").describe("MNIST"),
  directory: z
    .string()
    .min(1)
    .optional()
    .describe("Directory of the four IDX files, packed or not. Default: $MNIST_DIR, else the per-user cache"),
  mirrors: z
    .array(z.url({ protocol: /^https?$/ }))
    .default(publicMirrors)
    .describe("Base addresses from which missing files are downloaded, tried in order; [] forbids downloads"),
  timeoutSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(5)
    .describe("Longest silence borne from a mirror, in seconds, before it answers and while it sends"),
  limit: z
    .strictObject({
      train: z.int().min(1).max(60000).optional().describe("Number of training examples used, from the first on"),
      test: z.int().min(1).max(10000).optional().describe("Number of test examples used, from the first on"),
    })
    .optional()
    .describe("Use only the first examples, for quick trials. Default: all"),
  whenUnavailable: z
    .literal("synthetic-digits")
    .optional()
    .describe("Data set used instead when MNIST can neither be found nor downloaded. Default: an error"),
});

export type MnistOptions = z.output<typeof schema>;

/** Said when a proxy is configured, because the download does not use it. */
function proxyNote(): string {
  const variable = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find((name) => process.env[name]);
  return variable ? ` (${variable} is set, but Node's fetch does not use it)` : "";
}

/** What `whenUnavailable` names, announced; an error if it names nothing. */
async function fallback(failure: DownloadError, options: MnistOptions, context: DataContext): Promise<ImageDataset> {
  const unavailable = `MNIST is neither on this machine nor to be downloaded: ${failure.message}${proxyNote()}`;
  if (options.whenUnavailable === undefined) {
    const mend = `Put the four files into a directory and name it in MNIST_DIR or data.directory, or set data.whenUnavailable: ${syntheticDigits.name}`;
    throw new ExperimentError(`${unavailable}. ${mend}`, { cause: failure });
  }
  context.announce(`${unavailable}. Training on ${syntheticDigits.name} instead, as data.whenUnavailable says`);
  return syntheticDigits.load(syntheticDigits.schema.parse({ name: syntheticDigits.name, ...options.limit }), context);
}

/**
 * Loads MNIST, or what `whenUnavailable` names.
 *
 * @param published the files' checksums
 * @throws ExperimentError if a file in the named directory is damaged or not MNIST's (whatever `whenUnavailable` says),
 *   or if MNIST is unavailable and `whenUnavailable` says nothing
 */
export async function loadMnist(
  options: MnistOptions,
  context: DataContext,
  published: readonly PublishedFile[] = originalFiles,
): Promise<ImageDataset> {
  const { mirrors, timeoutSeconds, limit } = options;
  const directory = options.directory ? resolve(context.directory ?? "", options.directory) : process.env.MNIST_DIR;
  const { announce, signal } = context;
  const cache = cacheDirectory("mnist");
  try {
    const places = {
      title: "MNIST",
      directory: directory || undefined,
      cache,
      mirrors,
      timeoutSeconds,
      announce,
      signal,
    };
    const { files, source } = await findPublishedFiles(published, places);
    return assembleDataset(files, { name: "mnist", classes: 10, source, limit });
  } catch (error) {
    if (error instanceof DownloadError) return fallback(error, options, context);
    throw error;
  }
}

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
