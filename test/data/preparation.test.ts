import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import type { ImageDataset, ImageSet } from "../../src/data/dataset.js";
import { holdOut } from "../../src/data/holdout.js";
import { InputReader } from "../../src/data/input-reader.js";
import { loadDataset, prepared } from "../../src/data/preparation.js";

const range = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

describe("examples that are held out", () => {
  test("and those that are kept are all of them, each once and in order", () => {
    const property = fc.property(
      fc.integer({ min: 2, max: 300 }),
      fc.nat(),
      fc.boolean(),
      fc.integer(),
      (n, at, shuffle, seed) => {
        const examples = 1 + (at % (n - 1));
        const { kept, heldOut } = holdOut(n, { examples, shuffle, seed }, "data.validation");
        expect(heldOut).toHaveLength(examples);
        expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual([...range(n)]);
        for (const part of [kept, heldOut]) expect([...part]).toEqual([...part].sort((a, b) => a - b));
      },
    );
    fc.assert(property, { seed: 1 });
  });

  test("are drawn by the seed and for what they are held out, or are the last", () => {
    const draw = (option: string, seed: number) =>
      [...holdOut(100, { examples: 0.1, shuffle: true, seed }, option).heldOut].join();
    expect(draw("data.validation", 0)).toBe(draw("data.validation", 0));
    expect(new Set([draw("data.validation", 0), draw("data.validation", 1), draw("data.split", 0)]).size).toBe(3);
    expect([...holdOut(5, { examples: 2, shuffle: false, seed: 7 }, "data.split").heldOut]).toEqual([3, 4]);
  });
});

/** Example i has the label i and, in every one of its two pixels' channels, the bytes i and 100 + i. */
function numbered(size: number): ImageSet {
  const pixels = Uint8Array.from({ length: 4 * size }, (_, i) => (i % 2 === 0 ? i >> 2 : 100 + (i >> 2)));
  return { size, pixels, labels: Uint8Array.from(range(size)) };
}

const dataset = (train: number): ImageDataset => ({
  ...{ name: "numbered", height: 1, width: 2, channels: 2, classes: 200, checksum: "", source: "" },
  ...{ train: numbered(train), test: numbered(3) },
});

describe("options of every data set", () => {
  test("validation takes examples out of the training set, with their labels", () => {
    const {
      train,
      validation,
      test: testSet,
    } = prepared(dataset(50), { validation: { examples: 20, shuffle: true, seed: 0 } });
    expect([train.size, validation!.size, testSet!.size]).toEqual([30, 20, 3]);
    for (const { size, pixels, labels } of [train, validation!]) {
      expect(pixels).toHaveLength(4 * size);
      expect([...labels]).toEqual(Array.from({ length: size }, (_, i) => pixels[4 * i]));
    }
    expect([...train.labels, ...validation!.labels].sort((a, b) => a - b)).toEqual([...range(50)]);
  });

  test("standardize takes mean and deviation of each channel over what is left to train on", () => {
    const validation = { examples: 2, shuffle: false, seed: 0 };
    const { preparation } = prepared(dataset(5), { validation, normalize: "standardize" });
    // Examples 0, 1, 2 are left: mean 1 and 101, variance (1 + 0 + 1)/3, of bytes that stand for b/255.
    const { mean, std } = preparation!.normalization!;
    expect(mean).toEqual([1 / 255, 101 / 255].map((value) => expect.closeTo(value, 14)));
    expect(std).toEqual([0, 1].map(() => expect.closeTo(Math.sqrt(2 / 3) / 255, 14)));
  });

  test("a channel that never changes is shifted and not scaled", () => {
    const train = { size: 3, pixels: Float64Array.of(1, 7, 2, 7, 3, 7), labels: Uint8Array.of(0, 1, 0) };
    const table = { ...dataset(1), width: 1, train };
    const normalized = prepared(table, { normalize: "standardize" });
    const inputs = new InputReader(normalized).read(normalized.train, range(3), new Float64Array(6));
    // (1 − 2)/√(2/3) = −1.2247…, (7 − 7)/1
    const first = Math.sqrt(3 / 2);
    expect([...inputs]).toEqual([-first, 0, 0, 0, first, 0].map((value) => expect.closeTo(value, 14)));
  });

  test("all parts lie in memory that threads share, and keep their numbers", () => {
    const before = dataset(9);
    const options = { validation: { examples: 4, shuffle: true, seed: 0 } };
    for (const after of [prepared(before, {}), prepared(before, options)]) {
      const sets = [after.train, after.validation, after.test].filter((set) => set !== undefined);
      for (const { pixels, labels } of sets) {
        expect([pixels.buffer, labels.buffer].every((buffer) => buffer instanceof SharedArrayBuffer)).toBe(true);
      }
      expect(new Set(sets.map(({ size }) => size))).toEqual(new Set(after.validation ? [5, 4, 3] : [9, 3]));
      expect([...after.test!.pixels]).toEqual([...before.test!.pixels]);
    }
    // Bytes of a file are a Buffer, which would be made with a warning.
    const { pixels } = prepared(
      { ...before, train: { ...before.train, pixels: Buffer.from(before.train.pixels) } },
      {},
    ).train;
    expect([pixels.constructor, [...pixels]]).toEqual([Uint8Array, [...before.train.pixels]]);
    // What is shared already is not copied again.
    const once = prepared(before, {});
    expect(prepared(once, {}).train.pixels).toBe(once.train.pixels);
  });

  const wrong: [title: string, facts: Partial<ImageDataset>, message: string][] = [
    ["no channels", { channels: undefined as never }, "channels: expected a whole number above 0, got undefined"],
    ["half a class", { classes: 1.5 }, "classes: expected their number, or 0 where numbers are predicted"],
    [
      "pixels for another size",
      { width: 3 },
      "train: expected 24 pixels and 4 labels for 4 examples of 1 × 3 × 2, got 16 and 4",
    ],
  ];
  test.each(wrong)("what a loader returns is checked: %s", async (_, facts, message) => {
    const load = async () => ({ ...dataset(4), ...facts });
    const definition = {
      kind: "dataset",
      name: "numbered",
      summary: "",
      version: 1,
      schema: undefined as never,
      load,
    } as const;
    await expect(loadDataset(definition, { name: "numbered" }, { announce: () => {} })).rejects.toThrow(
      new ExperimentError(`data set numbered: ${message}`),
    );
  });
});

describe("inputs", () => {
  const set = { size: 3, pixels: Uint8Array.of(0, 51, 102, 153, 204, 255), labels: Uint8Array.of(2, 0, 1) };
  const facts = { height: 1, width: 2, channels: 1 };

  test("of bytes are intensities from 0 to 1", () => {
    // 51 = 255/5
    const inputs = new InputReader(facts).read(set, Int32Array.of(2, 0, 2), new Float32Array(6));
    expect(inputs).toEqual(Float32Array.of(0.8, 1, 0, 0.2, 0.8, 1));
  });

  test("are normalized by channel: (x − mean)/std", () => {
    const normalization = { mean: [0.2, 0.4], std: [0.5, 2] };
    const reader = new InputReader({ ...facts, width: 1, channels: 2, preparation: { normalization } });
    // (0 − 0.2)/0.5, (0.2 − 0.4)/2; (0.8 − 0.2)/0.5, (1 − 0.4)/2
    expect(reader.read(set, Int32Array.of(0, 2), new Float32Array(4))).toEqual(Float32Array.of(-0.4, -0.1, 1.2, 0.3));
    const features = { ...set, pixels: Float64Array.of(0, 0.2, 9, 9, 0.8, 1) };
    const read = reader.read(features, Int32Array.of(0, 2), new Float64Array(4));
    expect([...read]).toEqual([-0.4, -0.1, 1.2, 0.3].map((value) => expect.closeTo(value, 15)));
  });
});
