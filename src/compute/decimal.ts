import { readModule } from "./kernel-module.js";

/** What the compiled module has: addresses in bytes, see assembly/decimal.ts. */
interface Exports {
  writeNumber(value: number, to: number): number;
}

const leastPower = -292;
const largestPower = 324;
const sixtyFour = 64n;
const half = (1n << sixtyFour) - 1n;

/** 10^e, scaled by a power of two to 128 bits and rounded up, of each e that a float64 may be multiplied by. */
function scaledPowers(): BigUint64Array {
  const powers = new BigUint64Array(2 * (largestPower - leastPower + 1));
  const put = (e: number, scaled: bigint) => powers.set([scaled & half, scaled >> sixtyFour], 2 * (e - leastPower));
  const bitsOf = (n: bigint) => {
    const hexadecimal = n.toString(16);
    return 4 * hexadecimal.length - Math.clz32(Number.parseInt(hexadecimal[0]!, 16)) + 28;
  };
  let power = 1n;
  for (let e = 0; e <= largestPower; e++, power *= 10n) {
    const bits = BigInt(bitsOf(power));
    const cut = bits - 128n;
    if (cut <= 0n) put(e, power << -cut);
    else put(e, ((power - 1n) >> cut) + 1n);
    if (e > 0 && -e >= leastPower) put(-e, (1n << (bits + 127n)) / power + 1n);
  }
  return powers;
}

const powersBytes = 10240;
const pageBytes = 2 ** 16;
/** Behind the powers and what a number is made in. */
const firstByte = powersBytes + 128;
const fewCharacters = 32;
/** No number takes more, and so much is written at a time. */
const numberBytes = 64;

let prepared: { readonly module: WebAssembly.Module; readonly powers: BigUint64Array } | undefined;

function prepare() {
  prepared ??= { module: new WebAssembly.Module(new Uint8Array(readModule("decimal.wasm"))), powers: scaledPowers() };
  return prepared;
}

/**
 * Text that grows at its end and is taken from time to time. Numbers come to it as digits without being strings before:
 * that takes half the time of `String`, which writes the same.
 */
export class TextBuffer {
  private readonly memory = new WebAssembly.Memory({ initial: 3 });
  private readonly exports: Exports;
  private bytes: Buffer;
  private end = firstByte;
  /** The number that was written last, and where it is. */
  private last = { value: Number.NaN, from: 0, to: 0 };

  constructor() {
    const { module, powers } = prepare();
    new BigUint64Array(this.memory.buffer).set(powers);
    this.exports = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports as unknown as Exports;
    this.bytes = Buffer.from(this.memory.buffer);
  }

  /** In bytes. */
  get length(): number {
    return this.end - firstByte;
  }

  /** As `String` writes it: the shortest text that reads back as the same number. */
  number(value: number): void {
    if (this.end + numberBytes > this.bytes.length) this.grow(numberBytes);
    if (value === this.last.value) this.repeat();
    else if (Number.isFinite(value)) this.write(value);
    else this.text(String(value));
  }

  private write(value: number): void {
    const from = this.end;
    this.end = this.exports.writeNumber(value, from);
    this.last.value = value;
    this.last.from = from;
    this.last.to = this.end;
  }

  /** As a loss and its gap where the minimum is 0, numbers in a row are often the same. */
  private repeat(): void {
    const { bytes, last } = this;
    for (let i = last.from; i < last.to; i++) bytes[this.end++] = bytes[i]!;
  }

  text(text: string): void {
    // A character takes three bytes at most.
    if (this.end + 3 * text.length > this.bytes.length) this.grow(3 * text.length);
    const { bytes } = this;
    // Short texts of ASCII are written in less time than it takes to call what writes any.
    let i = 0;
    for (; i < text.length && i < fewCharacters; i++) {
      const code = text.charCodeAt(i);
      if (code >= 128) break;
      bytes[this.end + i] = code;
    }
    this.end += i;
    if (i < text.length) this.end += bytes.write(text.slice(i), this.end);
  }

  /** @param code of a character of ASCII */
  character(code: number): void {
    if (this.end === this.bytes.length) this.grow(1);
    this.bytes[this.end++] = code;
  }

  /** All of it, in UTF-8 and up to the next that is written; nothing is left. */
  take(): Buffer {
    const text = this.bytes.subarray(firstByte, this.end);
    this.end = firstByte;
    this.last.value = Number.NaN;
    return text;
  }

  private grow(bytes: number): void {
    this.memory.grow(Math.ceil(bytes / pageBytes));
    this.bytes = Buffer.from(this.memory.buffer);
  }
}
