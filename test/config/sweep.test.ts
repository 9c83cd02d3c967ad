import { describe, expect, test } from "vitest";
import {
  type Axis,
  assignmentsOf,
  countAssignments,
  countOf,
  type Sweep,
  samplesOf,
  sweepSchema,
  valuesOf,
} from "../../src/config/sweep.js";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

test.each<[axis: Axis, values: readonly unknown[], samples: readonly unknown[]]>([
  [
    [3, "a", null],
    [3, "a", null],
    [3, "a", null],
  ],
  [{ list: [1, { name: "x" }] }, [1, { name: "x" }], [1, { name: "x" }]],
  [{ range: [1, 3, 0.5] }, [1, 1.5, 2, 2.5], [0]],
  [{ range: [1, 3.25, 0.5] }, [1, 1.5, 2, 2.5, 3], [0]],
  [{ range: [3, 1, 1] }, [], [0]],
  [{ range: [-2, 1, 2] }, [-2, 0], [0]],
  [{ linspace: [4, 1, 4] }, [4, 3, 2, 1], [0]],
  [{ linspace: [4, 1, 1] }, [4], [0]],
  [{ linspace: [0, 1, 2] }, [0, 1], [0]],
  [{ logspace: [1, 10000, 5] }, [1, 10, 100, 1000, 10000], [0]],
  [{ logspace: [100, 1, 3] }, [100, 10, 1], [0]],
  // 0.3 + (0.9 − 0.3) and 10^lg 0.3 are not the ends to the bit.
  [{ linspace: [0.3, 0.9, 2] }, [0.3, 0.9], [0]],
  [{ logspace: [0.1, 0.3, 2] }, [0.1, 0.3], [0]],
  [{ concat: [[7], { range: [0, 2, 1] }, { concat: [{ list: ["b"] }] }] }, [7, 0, 1, "b"], [7, 0, "b"]],
])("the axis %j", (axis, values, samples) => {
  expect(valuesOf(axis)).toEqual(values);
  expect(countOf(axis)).toBe(values.length);
  expect(samplesOf(axis)).toEqual(samples);
});

test("a range has as many values as are meant, whatever its step rounds to", () => {
  // 1.1/0.1 is 11.000000000000002, 0.3/0.1 is 2.9999999999999996.
  const ends = [1, 1.1, 0.3, 0.31, 0.29];
  expect(ends.map((end) => countOf({ range: [0, end, 0.1] }))).toEqual([10, 11, 3, 4, 3]);
  expect(valuesOf({ range: [0, 1, 0.1] })).toHaveLength(10);
});

describe("combinations", () => {
  test.each<[what: string, sweep: Sweep | undefined, combinations: object[]]>([
    ["of no sweep", undefined, [{}]],
    ["of an empty one", {}, [{}]],
    [
      "of a grid, the last path first",
      { grid: { a: [1, 2], b: [3, 4] } },
      [
        { a: 1, b: 3 },
        { a: 1, b: 4 },
        { a: 2, b: 3 },
        { a: 2, b: 4 },
      ],
    ],
    [
      "of a zip",
      { zip: { a: [1, 2], b: { linspace: [3, 4, 2] } } },
      [
        { a: 1, b: 3 },
        { a: 2, b: 4 },
      ],
    ],
    [
      "of a grid with a zip, which advances first",
      { grid: { c: [5, 6] }, zip: { a: [1, 2], b: [3, 4] } },
      [
        { c: 5, a: 1, b: 3 },
        { c: 5, a: 2, b: 4 },
        { c: 6, a: 1, b: 3 },
        { c: 6, a: 2, b: 4 },
      ],
    ],
    ["of blocks, one after the other", [{ grid: { a: [1, 2] } }, { zip: { a: [7] } }], [{ a: 1 }, { a: 2 }, { a: 7 }]],
    ["of an axis without values", { grid: { a: { range: [1, 1, 1] }, b: [1, 2] } }, []],
    ["of a zip without paths", { grid: { a: [1, 2] }, zip: {} }, []],
  ])("%s", (_, sweep, combinations) => {
    expect([...assignmentsOf(sweep)]).toEqual(combinations);
    expect(countAssignments(sweep)).toBe(combinations.length);
  });

  test("zipped axes of different lengths are told, one with each length", () => {
    const sweep = { zip: { a: [1, 2], b: [3], c: [4, 5] } };
    const message = "sweep.zip: all axes must have the same number of values, but a has 2, b has 1, c has 2";
    expect(() => countAssignments(sweep)).toThrow(new RangeError(message));
    expect(() => [...assignmentsOf(sweep)]).toThrow(new RangeError(message));
  });

  test("are made when they are wanted", () => {
    const combinations = assignmentsOf({ grid: { a: { linspace: [0, 1, 1000] }, b: { linspace: [0, 1, 1000] } } });
    expect(combinations.next().value).toEqual({ a: 0, b: 0 });
  });
});

describe("what a sweep may be", () => {
  test.each<[sweep: unknown]>([
    [{}],
    [{ grid: { a: [1] }, zip: { b: ["x"] } }],
    [[{ grid: { a: { list: [null] } } }]],
    [{ grid: { a: { range: [1, 0, 0.5] } } }],
    [{ grid: { a: { linspace: [1, -1, 1] } } }],
    [{ grid: { a: { logspace: [1e-9, 1, 2] } } }],
    [{ grid: { a: { concat: [[1], { concat: [{ linspace: [0, 1, 2] }] }] } } }],
  ])("%j", (sweep) => {
    expect(sweepSchema.parse(sweep)).toEqual(sweep);
  });

  test.each<[sweep: unknown]>([
    [[]],
    [3],
    [{ gird: { a: [1] } }],
    [{ grid: { a: [] } }],
    [{ grid: { a: 1 } }],
    [{ grid: { a: { list: [] } } }],
    [{ grid: { a: { list: [1], range: [0, 1, 1] } } }],
    [{ grid: { a: { range: [0, 1, 0] } } }],
    [{ grid: { a: { range: [0, 1] } } }],
    [{ grid: { a: { linspace: [0, 1, 0] } } }],
    [{ grid: { a: { linspace: [0, 1, 2.5] } } }],
    [{ grid: { a: { linspace: [0, infinity, 2] } } }],
    [{ grid: { a: { linspace: [nan, 1, 2] } } }],
    [{ grid: { a: { logspace: [0, 1, 2] } } }],
    [{ grid: { a: { logspace: [1, 0, 2] } } }],
    [{ grid: { a: { logspace: [1, 2, 0] } } }],
    [{ grid: { a: { concat: [] } } }],
    [{ grid: { a: { concat: [1] } } }],
  ])("not %j", (sweep) => {
    expect(sweepSchema.safeParse(sweep).success).toBe(false);
  });
});
