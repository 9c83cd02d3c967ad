import { unzipSync } from "fflate";

/** A file within a zip file, before it is unpacked. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes when unpacked. */
  readonly originalSize: number;
}

/** Where the parts of a zip file lie, by the numbers they begin with (APPNOTE.TXT of PKWARE, section 4.3). */
const signatures = { entry: 0x02014b50, end: 0x06054b50, largeEnd: 0x06064b50, largeEndLocator: 0x07064b50 };

const locatorLength = 20;

/** Where the list of files begins, which stands at the end of a zip file; of large ones in a record of its own. */
function listStart(view: DataView): number {
  let end = view.byteLength - 22;
  while (view.getUint32(end, true) !== signatures.end) end--;
  const locator = end - locatorLength;
  const isLarge = locator >= 0 && view.getUint32(locator, true) === signatures.largeEndLocator;
  if (!isLarge) return view.getUint32(end + 16, true);
  const largeEnd = Number(view.getBigUint64(locator + 8, true));
  return Number(view.getBigUint64(largeEnd + 48, true));
}

/** The checksums that a zip file gives for its files, in their order. */
function checksumsIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checksums: number[] = [];
  let at = listStart(view);
  while (view.getUint32(at, true) === signatures.entry) {
    checksums.push(view.getUint32(at + 16, true));
    // After 46 bytes come the name, what else is known of the file, and a comment.
    at += [28, 30, 32].reduce((length, offset) => length + view.getUint16(at + offset, true), 46);
  }
  return checksums;
}

/** The remainders of all bytes: the polynomial of CRC-32 is 0xedb88320, its lowest power first. */
const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1;
  return remainder;
});

/** CRC-32, as zip files have it. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = remainders[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * The files in a zip file, unpacked and held against their checksums, which fflate does not look at.
 *
 * @param wanted tells which to unpack
 * @throws Error if it is no zip file, or a damaged one
 */
export function unzip(bytes: Uint8Array, wanted: (entry: ZipEntry) => boolean): ReadonlyMap<string, Uint8Array> {
  const names: string[] = [];
  const filter = (entry: ZipEntry) => {
    names.push(entry.name);
    return wanted(entry);
  };
  const files = new Map(Object.entries(unzipSync(bytes, { filter })));
  for (const [i, checksum] of checksumsIn(bytes).entries()) {
    const content = files.get(names[i]!);
    if (content && crc32(content) !== checksum) throw new Error(`the checksum of ${names[i]} is wrong`);
  }
  return files;
}
