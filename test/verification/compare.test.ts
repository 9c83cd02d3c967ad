import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences, differenceText } from "../../src/verification/compare.js";
import { agree, comparisonOf, slackTolerance } from "../../src/verification/tolerance.js";

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

  it("of each column, by hand", () => {
    const exactly = { relative: 1e-12, absolute: 0 };
    const sameFloat32 = comparisonOf({ ...float32, sameArithmetic: true });
    const [smooth, jumping] = [comparisonOf(float32), comparisonOf({ ...float32, gradientJumps: true })];
    for (const column of ["step", "epoch", "learning_rate"]) {
      for (const { tolerance } of [float64, sameFloat32, smooth, jumping]) expect(tolerance(column)).toEqual(exactly);
    }
    for (const column of ["accuracy", "train_accuracy", "test_accuracy", "trainAccuracy", "testAccuracy"]) {
      expect(smooth.tolerance(column)).toEqual({ relative: 1e-4, absolute: 0.02 });
      expect(float64.tolerance(column)).toEqual({ relative: 1e-9, absolute: 1e-12 });
      expect(sameFloat32.tolerance(column)).toEqual({ relative: 1e-6, absolute: 1e-9 });
    }
    for (const column of ["grad_norm", "update_norm", "norm_ratio", "norm_ratio_l2", "effective_learning_rate"]) {
      expect(smooth.tolerance(column)).toEqual({ relative: 1e-4, absolute: 1e-6 });
      expect(jumping.tolerance(column)).toEqual({ relative: 1e-2, absolute: 1e-6 });
    }
    expect(jumping.tolerance("loss")).toEqual({ relative: 1e-4, absolute: 1e-6 });
    expect(float64).not.toHaveProperty("lastStep");
    expect(slackTolerance("float64")).toEqual({ relative: 0, absolute: 1e-9 });
    expect(slackTolerance("float32")).toEqual({ relative: 0, absolute: 1e-6 });
  });

  it.each<[actual: string, expected: string, agrees: boolean]>([
    // 0.5 + 0.25·|b|
    ["-6", "-8", true],
    ["-10.5", "-8", true],
    ["-10.625", "-8", false],
    ["10.5", "8", true],
    ["0.5", "0", true],
    ["-0.625", "0", false],
    ["0", "", false],
    ["", "0", false],
    ["one", "1", false],
    ["1", "one", false],
  ])("allow an absolute and a relative part: %j and %j, %j", (actual, expected, agrees) => {
    expect(agree(actual, expected, { relative: 0.25, absolute: 0.5 })).toBe(agrees);
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

  it("tell the largest relative difference of all lines, and how many there are", () => {
    const steps = ["0", "1", "2", "3", "9"];
    const wanted = table({ step: steps, loss: ["-4", "4", "2", "8", "1"] });
    const size = (losses: string[], lastStep: number) => {
      const actual = table({ step: steps, loss: losses });
      return differences(actual, wanted, { ...options, lastStep }).map((found) => ({ ...found }));
    };
    // |−5 + 4|/4 = 1/4, |3 − 2|/2 = 1/2, |7 − 8|/8 = 1/8; the last step is not compared.
    expect(size(["-5", "4", "3", "7", "2"], 3)).toStrictEqual([
      { column: "loss", step: 0, actual: "-5", expected: "-4", largest: 0.5, lines: 3, compared: 4 },
    ]);
    for (const odd of ["", "NaN"])
      expect(size(["-4", "4", odd, "8", "1"], 9)[0]!.largest).toBe(Number.POSITIVE_INFINITY);
    const empty = differences(table({ step: ["0"], loss: ["0"] }), table({ step: ["0"], loss: [""] }), options);
    expect(empty).toMatchObject([{ actual: "0", expected: "", largest: Number.POSITIVE_INFINITY }]);
    // Texts that are the same do not differ, whatever is said to agree.
    const never = { ...options, agree: () => false };
    expect(differences(table({ step: ["0"], loss: ["0"] }), table({ step: ["0"], loss: ["0"] }), never)).toMatchObject([
      { column: "step", largest: 0 },
      { column: "loss", largest: 0 },
    ]);
  });

  it("take columns one by one, and a step that is not there for another's", () => {
    const actual = table({ step: ["1", "2"], loss: ["2", "1"] });
    const wanted = table({ step: ["1", "12"], loss: ["2", "1"] });
    expect(differences(actual, wanted, options)).toEqual([
      {
        column: "step",
        step: 12,
        actual: "",
        expected: "12",
        largest: Number.POSITIVE_INFINITY,
        lines: 1,
        compared: 2,
      },
      { column: "loss", step: 12, actual: "", expected: "1", largest: Number.POSITIVE_INFINITY, lines: 1, compared: 2 },
    ]);
    // Step 1 of layer "2" is not step 12 without one.
    const layers = table({ step: ["1"], layer: ["2"], loss: ["3"] });
    expect(differences(table({ step: ["12"], loss: ["3"] }), layers, options)).toHaveLength(3);
  });
});

describe("a difference in words", () => {
  const one = { column: "loss", step: 2, actual: "3", expected: "2", largest: 0.5, lines: 1, compared: 4 };
  const named = (column: string, step: number) => ({ ...one, column, step });

  it.each([
    [[], "no difference"],
    [[one], "column loss: first at step 2, 3 in place of 2 (relative difference up to 0.500), 1 of 4 lines"],
    [
      [{ ...one, layer: "dense", actual: "", largest: Number.POSITIVE_INFINITY }],
      "column loss, layer dense: first at step 2, empty in place of 2, 1 of 4 lines",
    ],
    [
      [{ ...one, expected: "", largest: Number.POSITIVE_INFINITY }],
      "column loss: first at step 2, 3 in place of empty, 1 of 4 lines",
    ],
    [
      [one, named("gap", 3), named("distance", 4), named("weight", 5)],
      "column loss: first at step 2, 3 in place of 2 (relative difference up to 0.500), 1 of 4 lines; then gap at 3, distance at 4, weight at 5",
    ],
    [
      [one, named("gap", 3), named("distance", 4), named("weight", 5), named("a", 6), named("b", 7)],
      "column loss: first at step 2, 3 in place of 2 (relative difference up to 0.500), 1 of 4 lines; then gap at 3, distance at 4, weight at 5 and 2 more columns",
    ],
  ])("%#", (found, text) => {
    expect(differenceText(found)).toBe(text);
  });
});
