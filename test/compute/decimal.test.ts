import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main as compileAssembly } from "assemblyscript/asc";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { TextBuffer } from "../../src/compute/decimal.js";

const buffer = new TextBuffer();
function written(value: number): string {
  buffer.number(value);
  return buffer.take().toString();
}

/** The float64 of these 64 bits. */
const ofBits = (bits: bigint) => new Float64Array(BigUint64Array.of(bits).buffer)[0]!;
const bitsOf = (value: number) => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

/** Each with its neighbours on either side, and all of them negated. */
const withNeighbours = (values: readonly number[]) =>
  values.flatMap((value) =>
    [-2n, -1n, 0n, 1n, 2n].flatMap((i) => {
      const near = ofBits(BigInt.asUintN(64, bitsOf(value) + i));
      return [near, -near];
    }),
  );

const from = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe("a number is written as String writes it", () => {
  test.each<[what: string, values: readonly number[]]>([
    ["0, what is not finite, and the ends of the range", [0, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_VALUE]],
    ["powers of two, where the gap below is half of that above", from(-1074, 1023).map((e) => 2 ** e)],
    ["powers of ten", from(-323, 308).map((e) => Number(`1e${e}`))],
    ["a digit at each place", from(-323, 307).flatMap((e) => from(2, 9).map((digit) => Number(`${digit}e${e}`)))],
    ["where another notation begins", [1e21, 1e-6, 1e-7, 123456789e13, 1.5e-6, 1.5e-7, 2 ** 53, 2 ** 53 + 2]],
    ["integers", from(0, 2000).map((i) => i ** 5)],
    ["subnormal numbers", from(0, 2000).map((i) => ofBits(BigInt(i) ** 4n))],
  ])("%s", (_, values) => {
    const differing = withNeighbours(values).filter((value) => written(value) !== String(value));
    expect(differing).toEqual([]);
  });

  it("whatever its bits are", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (bits) => {
        const value = ofBits(bits);
        expect(written(value)).toBe(String(value));
      }),
      { seed: 1, numRuns: 20_000 },
    );
  });

  it("however many digits it has", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 17n }), fc.integer({ min: -40, max: 25 }), (digits, exponent) => {
        const value = Number(`${digits}e${exponent}`);
        expect(written(value)).toBe(String(value));
      }),
      { seed: 1, numRuns: 20_000 },
    );
  });
});

describe("a text", () => {
  it("is all that was written since it was taken, in any characters and of any length", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.double(), fc.string({ unit: "grapheme", maxLength: 60 }))), (parts) => {
        for (const part of parts) {
          if (typeof part === "number") buffer.number(part);
          else buffer.text(part);
        }
        const text = parts.map(String).join("");
        expect(buffer.length).toBe(Buffer.byteLength(text));
        expect(buffer.take().toString()).toBe(Buffer.from(text).toString());
        expect(buffer.length).toBe(0);
      }),
      { seed: 1 },
    );
  });

  it("outgrows the memory that it began with", () => {
    const own = new TextBuffer();
    const line = `${"x".repeat(100_000)}é`;
    let expected = "";
    for (let i = 0; i < 9; i++) {
      own.text(line);
      own.number(i / 3);
      own.number(i / 3);
      own.character(10);
      expected += `${line}${i / 3}${i / 3}\n`;
    }
    expect(own.take().toString()).toBe(expected);
    for (let i = 0; i < 40_000; i++) own.number(i / 3);
    expect(own.take().toString()).toBe(Array.from({ length: 40_000 }, (_, i) => String(i / 3)).join(""));
  });
});

it("is built from the source that is here", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), "run-experiment-"));
  try {
    const rebuilt = join(directory, "rebuilt.wasm");
    const config = join(root, "src/compute/assembly/decimal.asconfig.json");
    const { error, stderr } = await compileAssembly(["--config", config, "--outFile", rebuilt]);
    expect({ error, stderr: stderr.toString() }).toEqual({ error: null, stderr: "" });
    const built = readFileSync(join(root, "dist/compute/decimal.wasm"));
    expect(built.equals(readFileSync(rebuilt))).toBe(true);
    expect(built.length).toBeLessThan(3000);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
