import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { beyond, spacingOf } from "../../src/comparison/spacing.js";

describe("the spacing of an axis", () => {
  test.each([
    [[0.001, 0.01, 0.1, 1], "log"],
    [[0.1, 0.3, 1, 3], "log"],
    [[1, 2, 4, 8], "log"],
    [[0.1, 0.2, 0.3], "linear"],
    [[0, 0.5, 1], "linear"],
    [[-2, 1, 4], "linear"],
    [[5, 6, 8], "log"],
  ])("of %j is %s", (values, spacing) => expect(spacingOf(values as number[])).toBe(spacing));

  test.each([
    // Four values: two more, in the ratio 10.
    [[0.001, 0.01, 0.1, 1], "largest", [10, 100]],
    [[0.001, 0.01, 0.1, 1], "smallest", [1e-4, 1e-5]],
    // Nine over four decades: ⌈9/4⌉ = 3 more, half a decade apart, to four digits.
    [[1e-4, 10 ** -3.5, 1e-3, 10 ** -2.5, 0.01, 0.0316, 0.1, 0.316, 1], "largest", [3.162, 10, 31.62]],
    // √10 is the mean ratio of 1, 3, 10: 10·√10 = 31.62
    [[1, 3, 10], "largest", [31.62, 100]],
    [[16, 32, 64], "largest", [128, 256]],
    [[1, 10, 100], "smallest", [0.1, 0.01]],
    // More digits where four would not tell the values apart.
    [[0.99991, 0.99992, 0.99993], "largest", [0.99994, 0.99995]],
    [[0.1, 0.2, 0.3], "largest", [0.4, 0.5]],
    // 0 is the end of what has no sign; below it is another question.
    [[0.1, 0.2, 0.3], "smallest", [0]],
    [[0, 0.3, 0.6], "smallest", []],
    [[-2, 1, 4], "smallest", [-5, -8]],
  ] as const)("of %j goes on beyond the %s with %j", (values, side, further) =>
    expect(beyond(values, side)).toEqual(further),
  );

  test("goes on outside of what was tried, for whatever was tried", () => {
    const axis = fc
      .uniqueArray(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), { minLength: 3, maxLength: 40 })
      .map((values) => values.sort((a, b) => a - b));
    fc.assert(
      fc.property(axis, (values) => {
        const [above, below] = [beyond(values, "largest"), beyond(values, "smallest")];
        expect(above.every((value, i) => value > (above[i - 1] ?? values.at(-1)!))).toBe(true);
        expect(below.every((value, i) => value < (below[i - 1] ?? values[0]!) && value >= 0)).toBe(true);
      }),
    );
  });
});
