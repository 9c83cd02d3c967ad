import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, differenceText } from "../../src/verification/compare.js";
import { agree, toleranceOf } from "../../src/verification/tolerance.js";

const options = { agree, tolerance: (column: string) => toleranceOf(column, "float64") };
const table = (columns: Record<string, string[]>) => new Map(Object.entries(columns));

describe("tolerances", () => {
  it("notice a relative change of 1e-6 in float64, and let the last digits go", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), fc.boolean(), (size, negative) => {
        const value = negative ? -size : size;
        const allowed = toleranceOf("loss", "float64");
        expect(agree(String(value * (1 + 1e-6)), String(value), allowed)).toBe(false);
        expect(agree(String(value * (1 + 4e-16)), String(value), allowed)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it("are 1e-4 in float32, save for the numbers of the host", () => {
    const allowed = toleranceOf("loss", "float32");
    // |2.0002 − 2| = 2e-4 = 1e-4·2 is allowed together with the absolute 1e-6; 2.00021 is 9e-6 more.
    expect(agree("2.0002", "2", allowed)).toBe(true);
    expect(agree("2.00021", "2", allowed)).toBe(false);
    expect(agree("0.10000001", "0.1", toleranceOf("learning_rate", "float32"))).toBe(false);
  });

  it("take empty fields, NaN and infinity for equal to themselves only", () => {
    const allowed = toleranceOf("loss", "float32");
    const texts = ["", "NaN", "Infinity", "-Infinity", "0"];
    for (const a of texts) for (const b of texts) expect(agree(a, b, allowed), `${a} ${b}`).toBe(a === b);
  });
});

describe("differences", () => {
  const expected = table({ step: ["0", "1", "2"], loss: ["4", "2", "1"], gap: ["4", "2", ""] });

  it("name column, first step and size, earliest first", () => {
    const actual = table({ step: ["0", "1", "2"], loss: ["4", "2", "1.1"], gap: ["4", "2.000004", ""] });
    const found = differences(actual, expected, options);
    expect(found.map(({ column, step }) => [column, step])).toEqual([
      ["gap", 1],
      ["loss", 2],
    ]);
    // 0.000004/2 = 2e-6
    expect(found[0]!.largest).toBeCloseTo(2e-6, 12);
    expect(differenceText(found)).toMatch(/^column gap: first at step 1, 2\.000004 in place of 2 .*; then loss at 2$/);
  });

  it("include lines and columns that are missing, exclude steps after the last one asked for", () => {
    const actual = table({ step: ["0", "1"], loss: ["4", "2"] });
    expect(differences(actual, expected, options).map(({ column, step }) => [column, step])).toEqual([
      ["gap", 0],
      ["step", 2],
      ["loss", 2],
    ]);
    const gapless = table({ step: ["0", "1", "2"], loss: ["4", "2", "1"] });
    expect(differences(actual, gapless, { ...options, lastStep: 1 })).toEqual([]);
  });

  it("match lines of layers.csv by step and layer", () => {
    const layers = { step: ["0", "0"], layer: ["a", "b"], norm_ratio: ["0.1", "0.2"] };
    const swapped = { step: ["0", "0"], layer: ["b", "a"], norm_ratio: ["0.2", "0.1"] };
    expect(differences(table(swapped), table(layers), options)).toEqual([]);
    const [first] = differences(table({ ...layers, norm_ratio: ["0.1", "0.3"] }), table(layers), options);
    expect(first).toMatchObject({ column: "norm_ratio", step: 0, layer: "b" });
  });
});
