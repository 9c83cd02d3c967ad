import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { formatIdx, type IdxArray, type IdxFile, parseIdx, readIdxFile } from "../../src/data/idx.js";
import { assembleDataset, type FourFiles } from "../../src/data/idx-dataset.js";
import { temporaryDirectory } from "./support.js";

const mend = "Fetch it again.";
const inMemory = (path: string, bytes: Uint8Array): IdxFile => ({ path, mend, bytes });

const arrays: fc.Arbitrary<IdxArray> = fc.array(fc.nat(6), { minLength: 1, maxLength: 3 }).chain((dimensions) => {
  const length = dimensions.reduce((product, size) => product * size, 1);
  return fc.record({
    dimensions: fc.constant(dimensions),
    values: fc.uint8Array({ minLength: length, maxLength: length }),
  });
});

describe("an IDX file", () => {
  test("has the published layout", () => {
    const bytes = formatIdx({ dimensions: [2, 1, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    // 0x0803: unsigned bytes, three dimensions; sizes 2, 1, 3 in 32 bits; values
    expect([...bytes]).toEqual([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]);
  });

  test("gives back what was written, packed or plain", async () => {
    const directory = await temporaryDirectory();
    const property = fc.asyncProperty(arrays, fc.boolean(), async (array, packed) => {
      const path = join(directory, "array");
      const bytes = formatIdx(array);
      await writeFile(path, packed ? gzipSync(bytes) : bytes);
      const file = await readIdxFile({ path, mend }, bytes.length);
      const { dimensions, values } = parseIdx(file!, array.dimensions.length);
      expect({ dimensions, values: [...values] }).toEqual({ dimensions: array.dimensions, values: [...array.values] });
    });
    await fc.assert(property, { seed: 1, numRuns: 100 });
  });

  test("is refused after the loss or addition of any number of bytes", () => {
    const property = fc.property(arrays, fc.nat(), fc.boolean(), (array, cut, longer) => {
      const bytes = formatIdx(array);
      const altered = longer
        ? Buffer.concat([bytes, Buffer.alloc(1 + (cut % 9))])
        : bytes.subarray(0, cut % bytes.length);
      expect(() => parseIdx(inMemory("file", altered), array.dimensions.length)).toThrow(ExperimentError);
    });
    fc.assert(property, { seed: 2 });
  });

  const images = formatIdx({ dimensions: [2, 2, 2], values: new Uint8Array(8) });
  const refusals: [title: string, bytes: Uint8Array, rank: number, message: string][] = [
    ["truncated", images.subarray(0, 20), 3, "found 4 bytes after the header, which promises 2 × 2 × 2 = 8"],
    ["cut in the header", images.subarray(0, 9), 3, "found 9 bytes, expected an IDX header of 16 bytes"],
    [
      "another kind of array",
      images,
      1,
      "found the magic number 0x00000803, expected 0x00000801 (IDX, unsigned bytes, dimensions: 1)",
    ],
    [
      "a web page",
      Buffer.from("<!DOCTYPE html><title>Not Found</title>"),
      3,
      "found the magic number 0x3c21444f, expected 0x00000803 (IDX, unsigned bytes, dimensions: 3)",
    ],
  ];
  test.each(refusals)("that is %s is refused: %#", (_, bytes, rank, message) => {
    expect(() => parseIdx(inMemory("a/file", bytes), rank)).toThrow(new ExperimentError(`a/file: ${message}. ${mend}`));
  });

  test("whose gzip data is cut or altered is refused", async () => {
    const path = join(await temporaryDirectory(), "images.gz");
    const packed = gzipSync(images);
    await writeFile(path, packed.subarray(0, -5));
    const refusal = (why: string) => `${path}: found damaged gzip data (${why}), expected a packed file. ${mend}`;
    await expect(readIdxFile({ path, mend }, images.length)).rejects.toThrow(
      new ExperimentError(refusal("unexpected end of file")),
    );
    packed[packed.length - 8]! ^= 1; // the first byte of the checksum
    await writeFile(path, packed);
    await expect(readIdxFile({ path, mend }, images.length)).rejects.toThrow(
      new ExperimentError(refusal("incorrect data check")),
    );
  });

  test("that does not exist is undefined", async () => {
    expect(await readIdxFile({ path: join(await temporaryDirectory(), "none"), mend }, 1)).toBeUndefined();
  });
});

describe("four IDX files", () => {
  const images = (...dimensions: [number, number, number]) =>
    formatIdx({ dimensions, values: new Uint8Array(dimensions[0] * dimensions[1] * dimensions[2]) });
  const labels = (...values: number[]) => formatIdx({ dimensions: [values.length], values: Uint8Array.from(values) });
  const files = (...bytes: [Uint8Array, Uint8Array, Uint8Array, Uint8Array]) =>
    ["images", "labels", "test-images", "test-labels"].map((path, i) =>
      inMemory(path, bytes[i]!),
    ) as unknown as FourFiles;
  const facts = { name: "three", classes: 3, source: "here" };

  test("make a data set", () => {
    const four = files(images(3, 2, 4), labels(0, 1, 2), images(1, 2, 4), labels(2));
    const dataset = assembleDataset(four, { ...facts, limit: { train: 2 } });
    expect(dataset).toMatchObject({ ...facts, height: 2, width: 4 });
    expect(dataset.train).toEqual({ size: 2, pixels: Buffer.alloc(16), labels: Buffer.from([0, 1]) });
    expect(dataset.test).toEqual({ size: 1, pixels: Buffer.alloc(8), labels: Buffer.from([2]) });
    expect(dataset.checksum).toBe(assembleDataset(four, facts).checksum);
  });

  test("that do not belong together are refused", () => {
    const assemble =
      (...bytes: Parameters<typeof files>) =>
      () =>
        assembleDataset(files(...bytes), facts);
    expect(assemble(images(2, 2, 2), labels(0, 1, 2), images(1, 2, 2), labels(2))).toThrow(
      new ExperimentError(`labels: found 3 labels, expected 2: one for each image of images. ${mend}`),
    );
    expect(assemble(images(2, 2, 2), labels(0, 3), images(1, 2, 2), labels(2))).toThrow(
      new ExperimentError(`labels: found the label 3 at index 1, expected 0 … 2. ${mend}`),
    );
    expect(assemble(images(2, 2, 2), labels(0, 1), images(1, 2, 3), labels(2))).toThrow(
      new ExperimentError(`test-images: found images of 2 × 3 pixels, expected 2 × 2 as in images. ${mend}`),
    );
  });
});
