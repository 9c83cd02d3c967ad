import { createGunzip } from "node:zlib";
import { messageOf } from "../base/errors.js";
import { damaged, type FileOrigin } from "./idx.js";

/** Bytes in memory that worker threads share, as many as there are so far. */
class SharedBytes {
  private memory: Uint8Array<SharedArrayBuffer>;
  private length = 0;

  /** @param expected their number; more make it grow */
  constructor(expected: number) {
    this.memory = new Uint8Array(new SharedArrayBuffer(expected));
  }

  append(chunk: Uint8Array): void {
    const { length, memory } = this;
    this.length += chunk.length;
    if (this.length > memory.length) {
      this.memory = new Uint8Array(new SharedArrayBuffer(2 * this.length));
      this.memory.set(memory);
    }
    this.memory.set(chunk, length);
  }

  get size(): number {
    return this.length;
  }

  bytes(): Uint8Array {
    return this.memory.subarray(0, this.length);
  }
}

/**
 * Unpacks gzip data into memory that worker threads share, so that a data set in it need not be copied there; bytes that
 * do not start as gzip does are returned as they are.
 *
 * @param mostBytes where unpacking stops
 * @throws ExperimentError if the data are damaged, or longer
 */
export async function unpack(bytes: Uint8Array, origin: FileOrigin, mostBytes: number): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = createGunzip({ chunkSize: 1 << 18 });
  stream.end(bytes);
  const unpacked = new SharedBytes(Math.min(promisedLength(bytes), mostBytes));
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (unpacked.size + chunk.length > mostBytes) break;
      unpacked.append(chunk);
    }
  } catch (error) {
    throw damaged(origin, `found damaged gzip data (${messageOf(error)}), expected a packed file`, error);
  }
  // Only what was left before its end is open still.
  if (!stream.readableEnded) throw damaged(origin, `found gzip data of more than ${mostBytes} bytes, expected no more`);
  return unpacked.bytes();
}

/** The last four bytes: the length modulo 2³² of the last part of the file, which mostly is the only one. */
function promisedLength(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(Math.max(0, bytes.length - 4), true);
}
