import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { randomStream } from "../../src/base/random.js";
import { augmenter, checkAugmentation, type Transformation } from "../../src/data/augmentation.js";
import { InputReader } from "../../src/data/input-reader.js";

/** 1 2 3 / 4 5 6, as intensities 1/255 … */
const bytes = { size: 1, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6), labels: Uint8Array.of(0) };
const read = (
  channels: number,
  transformation: Partial<Transformation>,
  normalization?: { mean: number[]; std: number[] },
) => {
  const facts = { height: 2, width: 3 / channels, channels, ...(normalization && { preparation: { normalization } }) };
  const transform = () => ({ right: 0, down: 0, isMirrored: false, ...transformation });
  const inputs = new InputReader(facts).read(bytes, Int32Array.of(0), new Float64Array(6), transform);
  return Array.from(inputs, (value) => Math.round(255 * value * 1000) / 1000);
};

describe("an image", () => {
  test.each([
    [{}, [1, 2, 3, 4, 5, 6]],
    [{ right: 1 }, [0, 1, 2, 0, 4, 5]],
    [{ right: -1 }, [2, 3, 0, 5, 6, 0]],
    [{ down: 1 }, [0, 0, 0, 1, 2, 3]],
    [{ down: -1, right: 2 }, [0, 0, 4, 0, 0, 0]],
    [{ isMirrored: true }, [3, 2, 1, 6, 5, 4]],
    // Mirrored first, then moved
    [{ isMirrored: true, right: 1 }, [0, 3, 2, 0, 6, 5]],
  ])("is moved and mirrored: %o", (transformation, expected) => {
    expect(read(1, transformation)).toEqual(expected);
  });

  test("in colour keeps the colours of each pixel together", () => {
    // Pixels of three channels, one a row: 1 2 3 / 4 5 6
    expect(read(3, { down: 1 })).toEqual([0, 0, 0, 1, 2, 3]);
  });

  test("is filled up with what stands for 0, normalized like the rest", () => {
    // (0 − 1/255)/2 and (1/255 − 1/255)/2, times 255
    expect(read(1, { right: 2 }, { mean: [1 / 255], std: [2] })).toEqual([-0.5, -0.5, 0, -0.5, -0.5, 1.5]);
  });
});

describe("what becomes of an example", () => {
  const augment = (seed: number) => augmenter({ shift: 3, flip: true }, (name) => randomStream({ seed, name }));

  test("depends on the seed, the step and the example alone", () => {
    const draw = (seed: number, step: number) =>
      Array.from({ length: 40 }, (_, example) => augment(seed)(step, example));
    expect(augment(0)(5, 17)).toEqual(draw(0, 5)[17]);
    const all = [draw(0, 5), draw(0, 6), draw(1, 5)].map((draws) => JSON.stringify(draws));
    expect(new Set(all).size).toBe(3);
  });

  test("takes every shift and both sides, about equally often", () => {
    const draws = Array.from({ length: 7000 }, (_, example) => augment(0)(0, example));
    for (const axis of ["right", "down"] as const) {
      for (let shift = -3; shift <= 3; shift++) {
        const count = draws.filter((one) => one[axis] === shift).length;
        // 1000 expected, standard deviation √(7000·1/7·6/7) = 29
        expect(Math.abs(count - 1000)).toBeLessThan(150);
      }
    }
    const mirrored = draws.filter(({ isMirrored }) => isMirrored).length;
    expect(Math.abs(mirrored - 3500)).toBeLessThan(210);
    const still = augmenter({ shift: 0, flip: false }, (name) => randomStream({ seed: 0, name }));
    expect(still(3, 4)).toEqual({ right: 0, down: 0, isMirrored: false });
  });
});

test.each([
  [{ shift: 0, flip: false }, 8, "data.augment: it does nothing; set shift or flip, or leave it out"],
  [
    { shift: 8, flip: false },
    8,
    "data.augment.shift: got 8, which moves images of 8 × 8 pixels out of sight; expected less",
  ],
  [{ shift: 1, flip: false }, 1, "data.augment: tables have no images to shift or flip; leave it out"],
])("%o of images of %i pixels each way is refused", (augmentation, side, message) => {
  expect(() => checkAugmentation(augmentation, { height: side, width: side })).toThrow(new ExperimentError(message));
});
