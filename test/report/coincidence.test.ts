import { describe, expect, it } from "vitest";
import { coincidingLines, turnOf } from "../../src/report/coincidence.js";
import { type Curve, measured } from "../../src/report/curve.js";
import { strokesOf } from "../../src/report/strokes.js";

const line = (name: string, heights: readonly number[]) => ({ name, points: heights.map((y, x) => [x, y] as const) });

describe("lines that lie on each other", () => {
  it("are those nowhere farther apart than 0.3 % of the axis", () => {
    // The axis goes from 0 to 100: a line takes 0.3 of it.
    const lines = [line("a", [100, 50, 0]), line("b", [100, 50.2, 0]), line("c", [100, 50.4, 0])];
    expect(coincidingLines(lines, false)).toEqual([["a", "b"]]);
  });

  it("are measured on the axis that is drawn", () => {
    // On a logarithmic axis from 1e-6 to 1 the two ends are ln 2 of 6·ln 10 apart: 5 %.
    const lines = [line("a", [1, 1e-6]), line("b", [1, 2e-6])];
    expect(coincidingLines(lines, false)).toEqual([["a", "b"]]);
    expect(coincidingLines(lines, true)).toEqual([]);
  });

  it("may have points at other places of the same line", () => {
    const lines = [
      line("a", [4, 3, 2, 1, 0]),
      {
        name: "b",
        points: [
          [0, 4],
          [4, 0],
        ] as const,
      },
    ];
    expect(coincidingLines(lines, false)).toEqual([["a", "b"]]);
    expect(
      coincidingLines(
        [
          ...lines,
          {
            name: "c",
            points: [
              [0, 4],
              [3, 1],
            ] as const,
          },
        ],
        false,
      ),
    ).toEqual([["a", "b"]]);
  });

  it("are flat lines that differ by rounding, and not two flat lines", () => {
    expect(coincidingLines([line("a", [1, 1]), line("b", [1 + 1e-8, 1])], false)).toEqual([["a", "b"]]);
    expect(coincidingLines([line("a", [1, 1]), line("b", [1.1, 1.1])], false)).toEqual([]);
  });

  it("take turns: along a period of dashes each is on top as often", () => {
    for (const count of [2, 3, 5]) {
      const dashes = Array.from({ length: count }, (_, i) => turnOf(i, count));
      const period = dashes[1]!.reduce((a, b) => a + b);
      const onTop = Array.from({ length: period }, (_, place) =>
        dashes.findLastIndex(([on, off]) => place % (on! + off!) < on! || off === 0),
      );
      const turns = dashes.map((_, i) => onTop.filter((top) => top === i).length);
      expect(turns).toEqual(dashes.map(() => period / count));
    }
  });
});

describe("the strokes of a figure", () => {
  const curve = (colour: string, panel: string | undefined, heights: readonly number[], kind = measured): Curve => ({
    ...{ group: colour, colour, panel, kind, seeds: 1 },
    points: heights.map((value, step) => ({ step, value })),
  });
  const options = { main: measured, logarithmic: false, ceiling: Number.POSITIVE_INFINITY, compares: true };

  it("say in the legend what coincides everywhere, and in words what does in some panels", () => {
    const curves = [
      ...[curve("a", "p", [2, 1]), curve("b", "p", [2, 1]), curve("c", "p", [2, 1])],
      ...[curve("a", "q", [9, 1]), curve("b", "q", [9, 1]), curve("c", "q", [9, 5])],
    ];
    const strokes = strokesOf(curves, options);
    expect(strokes.of(curves[0]!)).toBe("measured, 1 of 3");
    expect(strokes.of(curves[5]!)).toBe("measured");
    expect(strokes.sentences).toEqual([
      "b and c coincide with a (p): they take turns in dashes.",
      "b coincides with a (q): they take turns in dashes.",
    ]);
    expect([...strokes.remarks]).toEqual([["b", " (coincides with a)"]]);
    expect([...strokesOf(curves.slice(0, 2), options).remarks]).toEqual([["b", " (coincides with a)"]]);
  });

  it("leave bounds, which have dashes of their own, out of it", () => {
    const strokes = strokesOf([curve("a", undefined, [2, 1]), curve("a", undefined, [2, 1], "T3 bound")], options);
    expect(strokes.sentences).toEqual([]);
    expect(strokes.of(curve("a", undefined, [2, 1], "T3 bound"))).toBe("T3 bound");
  });
});
