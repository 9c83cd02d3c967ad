import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readOrdinaryFile } from "../base/files.js";
import { keepInCache } from "./cache.js";
import { type DataContext, defineDataset, type ImageDataset, type ImageSet } from "./dataset.js";
import { type ExpectedFile, fetchVerified, sha256Of } from "./download.js";
import { unpack } from "./gunzip.js";
import { damaged } from "./idx.js";
import {
  loadPublication,
  type Places,
  type Publication,
  type PublicationOptions,
  publicationSchema,
} from "./publication.js";
import { syntheticShapes } from "./synthetic-shapes.js";
import { parseTar } from "./tar.js";

/** The archive as Krizhevsky publishes it; SHA-256 as in TensorFlow Datasets. */
const archive: Archive = {
  bytes: 170052171,
  sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
  examplesPerFile: 10_000,
};

export interface Archive extends ExpectedFile {
  /** Examples in each of its six files. */
  readonly examplesPerFile: number;
}

const archiveName = "cifar-10-binary.tar.gz";
const trainFiles = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
const testFile = "test_batch.bin";

const side = 32;
const channels = 3;
const plane = side * side;
/** A label, then 32 × 32 red, as many green and as many blue. */
const recordLength = 1 + channels * plane;
const classes = 10;

const publication: Publication = {
  name: "cifar10",
  title: "CIFAR-10",
  files: `${archiveName} (or the six .bin files in it)`,
  environment: "CIFAR10_DIR",
  train: 50_000,
  test: 10_000,
  mirrors: [
    "https://www.cs.toronto.edu/~kriz/",
    "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
  ],
  fallback: syntheticShapes,
};

/** The six files, by name, and where they were found. */
interface Found {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly source: string;
  readonly path: string;
}

const mend = "Replace it with the original, or remove it to have it downloaded.";

/** More than the unpacked archive and its headers. */
const mostUnpacked = ({ examplesPerFile }: Archive) => 7 * examplesPerFile * recordLength + (1 << 20);

async function unpacked(bytes: Uint8Array, path: string, source: string, published: Archive): Promise<Found> {
  const origin = { path, mend };
  return { files: parseTar(await unpack(bytes, origin, mostUnpacked(published)), origin), source, path };
}

/** The archive in a directory; undefined if there is none, an error if it is not the original. */
async function archiveIn(directory: string, published: Archive): Promise<Found | undefined> {
  const path = join(directory, archiveName);
  if (!existsSync(path)) return undefined;
  const bytes = readOrdinaryFile(path, published.bytes + 1);
  const sha256 = sha256Of(bytes);
  if (sha256 !== published.sha256) {
    throw damaged({ path, mend }, `found the SHA-256 ${sha256}, the original has ${published.sha256}`);
  }
  return unpacked(bytes, path, `directory ${directory}`, published);
}

/** The six files in a directory, unpacked already; undefined unless all are there. */
function filesIn(directory: string, published: Archive, { announce }: Places): Found | undefined {
  const names = [...trainFiles, testFile];
  if (!names.every((name) => existsSync(join(directory, name)))) return undefined;
  const most = published.examplesPerFile * recordLength + 1;
  const files = new Map(names.map((name) => [name, readOrdinaryFile(join(directory, name), most)]));
  announce(`${directory}: no checksums of CIFAR-10's unpacked files are published; that of these is recorded`);
  return { files, source: `directory ${directory}`, path: directory };
}

async function inNamedDirectory(places: Places, published: Archive): Promise<Found | undefined> {
  const { directory, announce } = places;
  if (directory === undefined) return undefined;
  const found =
    (await archiveIn(directory, published)) ??
    filesIn(directory, published, places) ??
    filesIn(join(directory, "cifar-10-batches-bin"), published, places);
  if (!found) announce(`${directory} lacks ${publication.files}: looking in the cache and at the mirrors`);
  return found;
}

async function inCache(places: Places, published: Archive): Promise<Found | undefined> {
  try {
    return await archiveIn(places.cache, published);
  } catch (error) {
    places.announce(`A file in the cache is damaged and is downloaded again. ${(error as Error).message}`);
    return undefined;
  }
}

async function fromMirrors(places: Places, published: Archive): Promise<Found> {
  const urls = places.mirrors.map((mirror) => new URL(archiveName, mirror.endsWith("/") ? mirror : `${mirror}/`).href);
  const { bytes, url } = await fetchVerified(urls, published, places);
  places.announce(`Downloaded ${url} (${(bytes.length / 1e6).toFixed(1)} MB, checksum verified)`);
  const path = join(places.cache, archiveName);
  keepInCache([[path, bytes]], places.announce);
  return unpacked(bytes, path, new URL(".", url).href, published);
}

/** Files' records as images, their colours side by side (NHWC), in memory that threads share. */
function imageSet(
  { files, path }: Found,
  names: readonly string[],
  { examplesPerFile }: Archive,
  limit?: number,
): ImageSet {
  const size = Math.min(names.length * examplesPerFile, limit ?? Number.POSITIVE_INFINITY);
  const pixels = new Uint8Array(new SharedArrayBuffer(size * channels * plane));
  const labels = new Uint8Array(new SharedArrayBuffer(size));
  for (let i = 0; i < size; i++) {
    const name = names[Math.floor(i / examplesPerFile)]!;
    const record = files
      .get(name)!
      .subarray((i % examplesPerFile) * recordLength, ((i % examplesPerFile) + 1) * recordLength);
    const label = record[0]!;
    if (label >= classes) {
      throw damaged({ path: join(path, name), mend }, `found the label ${label}, expected 0 … ${classes - 1}`);
    }
    labels[i] = label;
    for (let pixel = 0; pixel < plane; pixel++) {
      for (let colour = 0; colour < channels; colour++) {
        pixels[(i * plane + pixel) * channels + colour] = record[1 + colour * plane + pixel]!;
      }
    }
  }
  return { size, pixels, labels };
}

/** @throws ExperimentError unless each of the six files is there and of the right length */
function checkFiles({ files, path }: Found, { examplesPerFile }: Archive): void {
  const expected = examplesPerFile * recordLength;
  for (const name of [...trainFiles, testFile]) {
    const length = files.get(name)?.length;
    if (length === expected) continue;
    const finding = length === undefined ? "it is missing" : `found ${length} bytes, expected ${expected}`;
    throw damaged({ path: join(path, name), mend }, finding);
  }
}

function assemble(found: Found, published: Archive, { limit }: PublicationOptions): ImageDataset {
  checkFiles(found, published);
  const checksum = createHash("sha256");
  for (const name of [...trainFiles, testFile]) checksum.update(found.files.get(name)!);
  return {
    ...{ name: publication.name, height: side, width: side, channels, classes, source: found.source },
    train: imageSet(found, trainFiles, published, limit?.train),
    test: imageSet(found, [testFile], published, limit?.test),
    checksum: checksum.digest("hex"),
  };
}

/** @param published size and checksum of the archive */
export const loadCifar10 = (
  options: PublicationOptions,
  context: DataContext,
  published: Archive = archive,
): Promise<ImageDataset> =>
  loadPublication(publication, options, context, async (places) => {
    const local = (await inNamedDirectory(places, published)) ?? (await inCache(places, published));
    return assemble(local ?? (await fromMirrors(places, published)), published, options);
  });

/** CIFAR-10: 50 000 + 10 000 colour images of 32 × 32 pixels. Krizhevsky, "Learning multiple layers of features from tiny images" (2009). */
export const cifar10 = defineDataset({
  name: "cifar10",
  summary:
    "50000 + 10000 colour images in 10 classes, 32 × 32 × 3; found locally or downloaded (170 MB), checksum verified",
  version: 1,
  schema: publicationSchema(publication, "cifar10", "synthetic-shapes"),
  load: (options, context) => loadCifar10(options, context),
});
