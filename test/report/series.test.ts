import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quantile } from "../../src/comparison/quantile.js";
import { embeddedJson, html } from "../../src/report/html.js";
import { MedianOverSeeds, type RunSeries, thinned } from "../../src/report/series.js";

function medianOverSeeds(runs: readonly RunSeries[]) {
  const median = new MedianOverSeeds();
  for (const run of runs) median.add(run);
  return median.points();
}

describe("median over seeds", () => {
  it("is the middle value, with a band from smallest to largest", () => {
    const run = (values: number[]) => ({ steps: [0, 10], values, status: "completed" as const });
    expect(medianOverSeeds([run([3, 1]), run([5, 2]), run([4, 9])])).toEqual([
      { step: 0, value: 4, low: 3, high: 5 },
      { step: 10, value: 2, low: 1, high: 9 },
    ]);
  });

  it("counts a diverged seed as infinite from there on, and a shorter one that completed not at all", () => {
    const long = { steps: [0, 1, 2], values: [1, 1, 1], status: "completed" as const };
    const gone = { steps: [0, 1], values: [2, 1e31], status: "diverged" as const };
    const short = { steps: [0], values: [3], status: "completed" as const };
    const points = medianOverSeeds([long, gone, short]);
    expect(points.map(({ value }) => value)).toEqual([2, (1 + 1e31) / 2, Number.POSITIVE_INFINITY]);
    expect(points[2]).toMatchObject({ low: 1, high: Number.POSITIVE_INFINITY });
  });

  it("interpolates quantiles between order statistics", () => {
    // Sorted 1 2 4 8: position 3·0.5 = 1.5, so 2 + 0.5·(4 − 2) = 3.
    expect(quantile([8, 1, 4, 2], 0.5)).toBe(3);
    expect(quantile([1, 2, Number.NaN], 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("thinning for display", () => {
  it("keeps first, last, smallest and largest, in order, within the number asked for", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 3000 }), (values) => {
        const points = values.map((value, step) => ({ step, value }));
        const kept = thinned(points, 100);
        const steps = kept.map(({ step }) => step);
        expect(kept.length).toBeLessThanOrEqual(Math.max(101, 100));
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
        expect(steps[0]).toBe(0);
        expect(steps.at(-1)).toBe(values.length - 1);
        for (const extreme of [Math.min, Math.max]) {
          const of = (list: readonly number[]) => list.reduce((a, b) => extreme(a, b));
          expect(of(kept.map(({ value }) => value))).toBe(of(values));
        }
      }),
      { seed: 5, numRuns: 100 },
    );
  });
});

describe("text in the page", () => {
  it("is escaped in markup", () => {
    expect(html`<p title="${'"'}">${"<b>&'"}${[html`<i>`, "<"]}</p>`.markup).toBe(
      '<p title="&quot;">&lt;b&gt;&amp;&#39;<i>&lt;</p>',
    );
  });

  it("cannot end a script element, and reads back the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("</script>", "<!--", "\u2028", "]]>", ""), (value, hostile) => {
        const text = embeddedJson({ value, hostile }).markup;
        expect(text).not.toMatch(/[<>\u2028\u2029]/);
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify({ value, hostile }));
      }),
      { seed: 6 },
    );
  });
});
