import { basename, join } from "node:path";
import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import { z } from "zod";
import { cacheDirectory } from "../base/cache.js";
import { ExperimentError } from "../base/errors.js";
import { randomStream } from "../base/random.js";
import { keepInCache } from "./cache.js";
import { type DataContext, defineDataset, type ImageDataset } from "./dataset.js";
import { deform, imageSide } from "./digit-deformation.js";
import { render } from "./digit-rendering.js";
import { skeletons } from "./digit-skeletons.js";
import { formatIdx, type IdxFile, readIdxFile } from "./idx.js";
import { assembleDataset, type FourFiles, fileStems } from "./idx-dataset.js";

/** Raised whenever the same options give other images. */
const generatorVersion = 1;

const mostExamples = 1_000_000;

const schema = z.strictObject({
  name: z.literal("synthetic-digits").describe("Generated digits"),
  train: z.int().min(1).max(mostExamples).default(10_000).describe("Number of training examples"),
  test: z.int().min(1).max(mostExamples).default(2_000).describe("Number of test examples"),
  seed: z.int().default(0).describe("Seed of the generator; independent of the seeds of the runs"),
});

export type SyntheticDigitsOptions = z.output<typeof schema>;

/** Draws one part of the data set, "train" or "test", from its own random stream; class counts differ by at most one. */
function drawDigits(size: number, seed: number, part: string): { pixels: Uint8Array; labels: Uint8Array } {
  const stream = randomStream({ seed, name: `synthetic-digits ${part}` });
  const labels = Uint8Array.from(stream.permutation(size), (position) => position % skeletons.length);
  const pixels = new Uint8Array(size * imageSide * imageSide);
  for (const [example, label] of labels.entries()) {
    const styles = skeletons[label]!;
    const skeleton = styles[stream.integer(0, styles.length - 1)]!;
    const image = pixels.subarray(example * imageSide * imageSide, (example + 1) * imageSide * imageSide);
    render(deform(skeleton, stream), stream, image);
  }
  return { pixels, labels };
}

const mend = "Remove it to have it generated again.";

function generate({ train, test, seed }: SyntheticDigitsOptions, directory: string): FourFiles {
  const parts = { train: drawDigits(train, seed, "train"), test: drawDigits(test, seed, "test") };
  const file = (stem: string, dimensions: number[], values: Uint8Array): IdxFile => {
    return { path: join(directory, `${stem}.gz`), mend, bytes: formatIdx({ dimensions, values }) };
  };
  return [
    file(fileStems[0], [train, imageSide, imageSide], parts.train.pixels),
    file(fileStems[1], [train], parts.train.labels),
    file(fileStems[2], [test, imageSide, imageSide], parts.test.pixels),
    file(fileStems[3], [test], parts.test.labels),
  ];
}

/** A million images and their header. */
const longestFile = mostExamples * imageSide * imageSide + 16;

/** The four files of the cache entry; gzip's own checksum guards their content. Undefined unless all are there. */
async function cachedFiles(directory: string): Promise<FourFiles | undefined> {
  const read = fileStems.map((stem) => readIdxFile({ path: join(directory, `${stem}.gz`), mend }, longestFile));
  const [trainImages, trainLabels, testImages, testLabels] = await Promise.all(read);
  if (!trainImages || !trainLabels || !testImages || !testLabels) return undefined;
  return [trainImages, trainLabels, testImages, testLabels];
}

async function fromCache(directory: string, options: SyntheticDigitsOptions, context: DataContext) {
  try {
    const files = await cachedFiles(directory);
    const dataset = files && assemble(files, options);
    const complete = dataset?.train.size === options.train && dataset.test?.size === options.test;
    return complete ? dataset : undefined;
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    context.announce(`A cached file is damaged and is generated again: ${basename(directory)}. ${error.message}`);
    return undefined;
  }
}

const pack = promisify<Uint8Array, { level: number }, Buffer>(gzip);

function assemble(files: FourFiles, { seed }: SyntheticDigitsOptions): ImageDataset {
  const source = `generator version ${generatorVersion}, seed ${seed}`;
  return assembleDataset(files, {
    name: "synthetic-digits",
    classes: skeletons.length,
    source,
  });
}

async function load(options: SyntheticDigitsOptions, context: DataContext): Promise<ImageDataset> {
  const key = `v${generatorVersion}-seed${options.seed}-${options.train}-${options.test}`;
  const directory = cacheDirectory("synthetic-digits", key);
  const cached = await fromCache(directory, options, context);
  if (cached) return cached;
  const files = generate(options, directory);
  const packed = await Promise.all(files.map(({ bytes }) => pack(bytes, { level: constants.Z_BEST_SPEED })));
  await keepInCache(
    files.map(({ path }, i) => [path, packed[i]!] as const),
    context.announce,
  );
  return assemble(files, options);
}

/**
 * Digits drawn by this program: stroke skeletons in several styles a digit, deformed elastically and affinely, drawn with a
 * pen of random width, blurred, with a little noise. Only operations whose rounding IEEE 754 prescribes are used,
 * so the same options give the same bytes on every machine. Generated data is kept in the per-user cache.
 */
export const syntheticDigits = defineDataset({
  name: "synthetic-digits",
  summary: "Generated 28 × 28 digits in handwriting; needs no download",
  version: 1,
  schema,
  load,
});
