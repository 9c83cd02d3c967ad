import { damaged, type FileOrigin } from "./idx.js";

/** Headers are blocks of this many bytes, and files are filled up to such. */
const block = 512;

const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at, length)
    .toString("latin1")
    .split("\0", 1)[0]!;

/**
 * The ordinary files in a tar archive, by the last part of their names; their bytes share the archive's memory.
 *
 * @see POSIX.1-1988, ustar: name at 0, size in octal digits at 124, type at 156
 * @throws ExperimentError if the archive is damaged
 */
export function parseTar(bytes: Uint8Array, origin: FileOrigin): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at + block <= bytes.length && bytes[at] !== 0) {
    const size = Number.parseInt(textAt(bytes, at + 124, 12), 8);
    const start = at + block;
    if (!(size >= 0 && start + size <= bytes.length)) throw damaged(origin, "found a damaged tar archive");
    const type = textAt(bytes, at + 156, 1);
    if (type === "0" || type === "") {
      files.set(textAt(bytes, at, 100).split("/").at(-1)!, bytes.subarray(start, start + size));
    }
    at = start + Math.ceil(size / block) * block;
  }
  return files;
}
