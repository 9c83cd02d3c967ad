import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, differenceText } from "../../src/verification/compare.js";
import { agree, comparisonOf } from "../../src/verification/tolerance.js";

const float64 = comparisonOf({ precision: "float64", sameArithmetic: true, gradientJumps: true });
const float32 = { precision: "float32", sameArithmetic: false, gradientJumps: false } as const;
const options = { agree, ...float64 };
const table = (columns: Record<string, string[]>) => new Map(Object.entries(columns));

describe("tolerances", () => {
  it("notice a relative change of 1e-6 in float64, and let the last digits go", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), fc.boolean(), (size, negative) => {
        const value = negative ? -size : size;
        const allowed = float64.tolerance("loss");
        expect(agree(String(value * (1 + 1e-6)), String(value), allowed)).toBe(false);
        expect(agree(String(value * (1 + 4e-16)), String(value), allowed)).toBe(true);
      }),
      { seed: 1 },
    );
  });

  it("are 1e-4 in float32 across backends, save for the numbers of the host", () => {
    const { tolerance, lastStep } = comparisonOf(float32);
    expect(lastStep).toBe(40);
    // |2.0002 − 2| = 2e-4 = 1e-4·2 is allowed together with the absolute 1e-6; 2.00021 is 9e-6 more.
    expect(agree("2.0002", "2", tolerance("loss"))).toBe(true);
    expect(agree("2.00021", "2", tolerance("loss"))).toBe(false);
    expect(agree("0.10000001", "0.1", tolerance("learning_rate"))).toBe(false);
  });

  it("are tight and reach to the end where the arithmetic is the same", () => {
    const { tolerance, lastStep } = comparisonOf({ ...float32, sameArithmetic: true });
    expect(lastStep).toBeUndefined();
    expect(agree("2.000001", "2", tolerance("loss"))).toBe(true);
    expect(agree("2.00001", "2", tolerance("loss"))).toBe(false);
    expect(agree("0.51", "0.5", tolerance("accuracy"))).toBe(false);
  });

  it("allow for one rectifier that flips, within the few steps in which more are unlikely", () => {
    const { tolerance, lastStep } = comparisonOf({ ...float32, gradientJumps: true });
    expect(lastStep).toBe(5);
    expect(agree("0.505", "0.5", tolerance("grad_norm"))).toBe(true);
    expect(agree("0.51", "0.5", tolerance("grad_norm"))).toBe(false);
    expect(agree("0.505", "0.5", tolerance("weight_norm"))).toBe(false);
  });

  it("take empty fields, NaN and infinity for equal to themselves only", () => {
    const allowed = comparisonOf(float32).tolerance("loss");
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
