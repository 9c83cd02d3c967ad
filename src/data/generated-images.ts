import { basename, join } from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { z } from "zod";
import { cacheDirectory } from "../base/cache.js";
import { ExperimentError } from "../base/errors.js";
import { type RandomStream, randomStream } from "../base/random.js";
import { keepInCache } from "./cache.js";
import type { DataContext, ImageDataset } from "./dataset.js";
import { formatIdx, type IdxFile, readIdxFile } from "./idx.js";
import { assembleDataset, type FourFiles, fileStems } from "./idx-dataset.js";

const mostExamples = 1_000_000;

/** The options of data sets that are generated. */
export const generatedFields = {
  train: z.int().min(1).max(mostExamples).default(10_000).describe("Number of training examples"),
  test: z.int().min(1).max(mostExamples).default(2_000).describe("Number of test examples"),
  seed: z.int().default(0).describe("Seed of the generator; independent of the seeds of the runs"),
};

export interface GeneratedOptions {
  readonly train: number;
  readonly test: number;
  readonly seed: number;
}

/** Draws images of classes. */
export interface ImageGenerator {
  /** Registry name of the data set. */
  readonly name: string;
  /** Raised whenever the same options give other images. */
  readonly version: number;
  readonly classes: number;
  /** Pixels of an image each way. */
  readonly side: number;
  readonly channels: 1 | 3;
  /** @param pixels side × side × channels bytes, overwritten */
  draw(label: number, stream: RandomStream, pixels: Uint8Array): void;
}

/** Draws one part of the data set, "train" or "test", from its own random stream; class counts differ by at most one. */
function drawPart({ name, classes, side, channels, draw }: ImageGenerator, size: number, seed: number, part: string) {
  const stream = randomStream({ seed, name: `${name} ${part}` });
  const labels = Uint8Array.from(stream.permutation(size), (position) => position % classes);
  const length = side * side * channels;
  const pixels = new Uint8Array(size * length);
  for (const [example, label] of labels.entries()) {
    draw(label, stream, pixels.subarray(example * length, (example + 1) * length));
  }
  return { pixels, labels };
}

const mend = "Remove it to have it generated again.";

/** Names of the files in the cache: the format's version in them is the number of dimensions. */
const stemsOf = ({ channels }: ImageGenerator) =>
  fileStems.map((stem) => (channels > 1 ? stem.replace("idx3", "idx4") : stem));

function generate(generator: ImageGenerator, { train, test, seed }: GeneratedOptions, directory: string): FourFiles {
  const { side, channels } = generator;
  const shape = channels > 1 ? [side, side, channels] : [side, side];
  const parts = { train: drawPart(generator, train, seed, "train"), test: drawPart(generator, test, seed, "test") };
  const stems = stemsOf(generator);
  const file = (index: number, dimensions: number[], values: Uint8Array): IdxFile => {
    return { path: join(directory, `${stems[index]}.gz`), mend, bytes: formatIdx({ dimensions, values }) };
  };
  return [
    file(0, [train, ...shape], parts.train.pixels),
    file(1, [train], parts.train.labels),
    file(2, [test, ...shape], parts.test.pixels),
    file(3, [test], parts.test.labels),
  ];
}

/** The four files of the cache entry; gzip's own checksum guards their content. Undefined unless all are there. */
async function cachedFiles(generator: ImageGenerator, directory: string): Promise<FourFiles | undefined> {
  // A million images and their header
  const longest = mostExamples * generator.side ** 2 * generator.channels + 20;
  const read = stemsOf(generator).map((stem) => readIdxFile({ path: join(directory, `${stem}.gz`), mend }, longest));
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(read);
  if (!trainImages || !trainLabels || !testImages || !testLabels) return undefined;
  return [trainImages, trainLabels, testImages, testLabels];
}

function assemble({ name, classes, version }: ImageGenerator, files: FourFiles, { seed }: GeneratedOptions) {
  return assembleDataset(files, { name, classes, source: `generator version ${version}, seed ${seed}` });
}

async function fromCache(
  generator: ImageGenerator,
  directory: string,
  options: GeneratedOptions,
  context: DataContext,
): Promise<ImageDataset | undefined> {
  try {
    const files = await cachedFiles(generator, directory);
    const dataset = files && assemble(generator, files, options);
    const complete = dataset?.train.size === options.train && dataset.test?.size === options.test;
    return complete ? dataset : undefined;
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    context.announce(`A cached file is damaged and is generated again: ${basename(directory)}. ${error.message}`);
    return undefined;
  }
}

const pack = promisify<Uint8Array, { level: number }, Buffer>(gzip);

/** The data set of these options; what has been generated is kept in the per-user cache. */
export async function loadGenerated(
  generator: ImageGenerator,
  options: GeneratedOptions,
  context: DataContext,
): Promise<ImageDataset> {
  const key = `v${generator.version}-seed${options.seed}-${options.train}-${options.test}`;
  const directory = cacheDirectory(generator.name, key);
  const cached = await fromCache(generator, directory, options, context);
  if (cached) return cached;
  const files = generate(generator, options, directory);
  const packed = await Promise.all(files.map(({ bytes }) => pack(bytes, { level: constants.Z_BEST_SPEED })));
  keepInCache(
    files.map(({ path }, i) => [path, packed[i]!] as const),
    context.announce,
  );
  return assemble(generator, files, options);
}
