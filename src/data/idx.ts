import { statSync } from "node:fs";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOrdinaryFile, UnsuitableFile } from "../base/files.js";
import { sha256Of } from "./download.js";
import { unpack } from "./gunzip.js";

/** An array of unsigned bytes in row-major order, as an IDX file holds it. */
export interface IdxArray {
  readonly dimensions: readonly number[];
  readonly values: Uint8Array;
}

/** Where an IDX file comes from and what a user should do if it is damaged: both are quoted in errors. */
export interface FileOrigin {
  readonly path: string;
  readonly mend: string;
}

/** An IDX file in memory, unpacked. */
export interface IdxFile extends FileOrigin {
  readonly bytes: Uint8Array;
  /** SHA-256 of the file it was unpacked from, if it was. */
  readonly packedSha256?: string;
}

/** The error of a file that is not what it should be. */
export function damaged(origin: FileOrigin, finding: string, cause?: unknown): ExperimentError {
  return new ExperimentError(`${origin.path}: ${finding}. ${origin.mend}`, { cause });
}

/** Third byte of the magic number: the elements are unsigned bytes. */
const unsignedByte = 0x08;

const magicNumber = (rank: number) => (unsignedByte << 8) | rank;
const hexadecimal = (magic: number) => `0x${magic.toString(16).padStart(8, "0")}`;

/** The bytes of an IDX file: magic number, one big-endian 32-bit size a dimension, values. */
export function formatIdx({ dimensions, values }: IdxArray): Uint8Array {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt32BE(magicNumber(dimensions.length), 0);
  for (const [axis, size] of dimensions.entries()) header.writeUInt32BE(size, 4 + 4 * axis);
  return Buffer.concat([header, values]);
}

/**
 * The array in an IDX file of unsigned bytes; its values share the file's memory.
 *
 * @param ranks numbers of dimensions that are expected: 3 or 4 for images, 1 for labels
 * @throws ExperimentError unless magic number, dimensions and length are exactly right
 */
export function parseIdx(file: IdxFile, ...ranks: readonly [number, ...number[]]): IdxArray {
  const { bytes } = file;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = ranks.find((one) => bytes.length >= 4 && view.getUint32(0) === magicNumber(one)) ?? ranks[0];
  const headerLength = 4 + 4 * rank;
  const expected = `expected ${hexadecimal(magicNumber(rank))} (IDX, unsigned bytes, dimensions: ${rank})`;
  if (bytes.length >= 4 && view.getUint32(0) !== magicNumber(rank)) {
    throw damaged(file, `found the magic number ${hexadecimal(view.getUint32(0))}, ${expected}`);
  }
  if (bytes.length < headerLength) {
    throw damaged(file, `found ${bytes.length} bytes, expected an IDX header of ${headerLength} bytes`);
  }
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = dimensions.reduce((product, size) => product * size, 1);
  const values = bytes.subarray(headerLength);
  if (values.length !== length) {
    const product = rank > 1 ? `${dimensions.join(" × ")} = ${length}` : `${length}`;
    throw damaged(file, `found ${values.length} bytes after the header, which promises ${product}`);
  }
  return { dimensions, values };
}

/** What gzip adds to data that cannot be packed, at most. */
const packingOverhead = 65_536;

/**
 * Reads an IDX file, packed with gzip or plain.
 *
 * @param mostBytes unpacked; what is longer is not read to its end
 * @returns undefined if there is no such file
 * @throws ExperimentError if it cannot be read or unpacked
 */
export async function readIdxFile(origin: FileOrigin, mostBytes: number): Promise<IdxFile | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = readOrdinaryFile(origin.path, mostBytes + packingOverhead);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    // Some archives unpack into a directory of the file's own name.
    if (statSync(origin.path, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    const finding = messageOf(error);
    throw damaged(origin, error instanceof UnsuitableFile ? `it ${finding}` : `cannot be read (${finding})`, error);
  }
  const unpacked = await unpack(bytes, origin, mostBytes);
  return { ...origin, bytes: unpacked, ...(unpacked !== bytes && { packedSha256: sha256Of(bytes) }) };
}
