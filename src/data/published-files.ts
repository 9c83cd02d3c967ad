import { join } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { keepInCache } from "./cache.js";
import type { ImageDataset } from "./dataset.js";
import { type ExpectedFile, fetchVerified, sha256Of } from "./download.js";
import { unpack } from "./gunzip.js";
import { damaged, type FileOrigin, type IdxFile, parseIdx, readIdxFile } from "./idx.js";
import { assembleDataset, type FourFiles, fileRanks, fileStems, type Limit } from "./idx-dataset.js";
import type { Places } from "./publication.js";

/** What is known of one of the four files of a published data set. */
export interface PublishedFile {
  /** The .gz file that mirrors serve. */
  readonly packed: ExpectedFile;
  /** The IDX file in it; its checksum where one is published. */
  readonly unpacked: Pick<ExpectedFile, "bytes"> & Partial<ExpectedFile>;
}

/** A file and a phrase that says where it was found. */
interface Found {
  readonly file: IdxFile;
  readonly place: string;
}

/** Packed and plain, with the two usual ways to write the name. */
function candidateNames(stem: string): string[] {
  const dotted = stem.replace("-idx", ".idx");
  return [`${stem}.gz`, stem, `${dotted}.gz`, dotted];
}

/** @throws ExperimentError unless the file is, byte for byte, the original, as far as that is known */
function verify(file: IdxFile, index: number, { packed, unpacked }: PublishedFile, places: Places): void {
  parseIdx(file, fileRanks[index]!);
  const isPackedSum = unpacked.sha256 === undefined && file.packedSha256 !== undefined;
  const [sha256, original] = isPackedSum ? [file.packedSha256, packed.sha256] : [sha256Of(file.bytes), unpacked.sha256];
  if (sha256 === original) return;
  if (original === undefined && file.bytes.length === unpacked.bytes) {
    places.announce(`${file.path}: no checksum of the unpacked file is published; that of this one is recorded`);
    return;
  }
  const sums = `${isPackedSum ? "it" : "its unpacked content"} has the SHA-256 ${sha256}, the original ${original ?? `${unpacked.bytes} bytes`}`;
  throw damaged(file, `a well-formed IDX file, but not that of ${places.title} (${sums})`);
}

async function fromDirectory(directory: string, index: number, published: PublishedFile, places: Places) {
  const mend = `Replace it with the original file, or remove it to have it downloaded.`;
  for (const name of candidateNames(fileStems[index]!)) {
    const file = await readIdxFile({ path: join(directory, name), mend }, published.unpacked.bytes);
    if (!file) continue;
    verify(file, index, published, places);
    return { file, place: `directory ${directory}` };
  }
  return undefined;
}

async function fromCache(places: Places, index: number, published: PublishedFile): Promise<Found | undefined> {
  try {
    return await fromDirectory(places.cache, index, published, places);
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    places.announce(`A file in the cache is damaged and is downloaded again. ${error.message}`);
    return undefined;
  }
}

async function fromMirrors(places: Places, index: number, published: PublishedFile): Promise<Found> {
  const name = `${fileStems[index]!}.gz`;
  const urls = places.mirrors.map((mirror) => new URL(name, mirror.endsWith("/") ? mirror : `${mirror}/`).href);
  const { bytes, url } = await fetchVerified(urls, published.packed, places);
  places.announce(`Downloaded ${url} (${(bytes.length / 1e6).toFixed(1)} MB, checksum verified)`);
  const path = join(places.cache, name);
  await keepInCache([[path, bytes]], places.announce);
  const origin: FileOrigin = { path, mend: "Report this as a bug: its checksum had been verified." };
  return {
    file: { ...origin, bytes: await unpack(bytes, origin, published.unpacked.bytes) },
    place: new URL(".", url).href,
  };
}

/** The mirrors with the one that has just delivered first, so that dead ones are not waited for again. */
function bestFirst(mirrors: readonly string[], delivered: string): string[] {
  const serves = (mirror: string) => delivered.startsWith(mirror);
  return [...mirrors.filter(serves), ...mirrors.filter((mirror) => !serves(mirror))];
}

/** What there is of the four files in the named directory. */
async function fromNamedDirectory(published: readonly PublishedFile[], places: Places): Promise<(Found | undefined)[]> {
  const { directory, announce } = places;
  const found: (Found | undefined)[] = [];
  if (directory === undefined) return found;
  for (const [index, file] of published.entries()) found.push(await fromDirectory(directory, index, file, places));
  const missing = fileStems.filter((_, index) => !found[index]);
  if (missing.length > 0) announce(`${directory} lacks ${missing.join(", ")}: looking in the cache and at the mirrors`);
  return found;
}

/**
 * The four files of a published data set, each the verified original: from the named directory, else from the cache,
 * else downloaded.
 *
 * @throws ExperimentError if a file in the named directory is damaged or another than the original
 * @throws DownloadError if a file is nowhere to be had
 */
export async function findPublishedFiles(
  published: readonly PublishedFile[],
  places: Places,
): Promise<{ readonly files: FourFiles; readonly source: string }> {
  const named = await fromNamedDirectory(published, places);
  let { mirrors } = places;
  const found: Found[] = [];
  for (const [index, file] of published.entries()) {
    const local = named[index] ?? (await fromCache(places, index, file));
    const chosen = local ?? (await fromMirrors({ ...places, mirrors }, index, file));
    mirrors = bestFirst(mirrors, chosen.place);
    found.push(chosen);
  }
  const [trainImages, trainLabels, testImages, testLabels] = found.map(({ file }) => file);
  return {
    files: [trainImages!, trainLabels!, testImages!, testLabels!],
    source: [...new Set(found.map(({ place }) => place))].join(", "),
  };
}

/**
 * A published data set of four IDX files.
 *
 * @throws as `findPublishedFiles`
 */
export async function publishedIdxDataset(
  published: readonly PublishedFile[],
  places: Places,
  facts: Pick<ImageDataset, "name" | "classes"> & { readonly limit?: Limit | undefined },
): Promise<ImageDataset> {
  const { files, source } = await findPublishedFiles(published, places);
  return assembleDataset(files, { ...facts, source });
}
