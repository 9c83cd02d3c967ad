import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import { watchBounds } from "../../src/bounds/verdict.js";
import { ball, clippedTo, decaying, shrinking, signs } from "./forms.js";
import { absoluteValues, line, quadratic, quotient, twoLayers } from "./problems.js";
import { contextOf, proportionalUpdate, scaled, simulate, type TestRule, type TestRun } from "./simulate.js";

const uphill: TestRule = (w, g, rate) => scaled(-1, proportionalUpdate(2)(w, g, rate));

/** Together these runs make every bound but T10's work, held and violated. */
const runs: readonly TestRun[] = [
  { problem: line("absolute", 0.3, 1), rate: 0.1, steps: 30 },
  { problem: line("square", -3, 1), rate: (k) => 0.5 / (k + 1), steps: 30 },
  { problem: line("square", 3, 1), rate: 0.1, steps: 30, rule: uphill },
  { problem: absoluteValues([1, 2], [1, 2], [1.5, 2]), rate: 0.05, steps: 30 },
  { problem: absoluteValues([1], [1], [1.5]), rate: 0.05, steps: 30, rule: uphill },
  { problem: quadratic({ spectrum: [4, 1], start: [3, -2] }), rate: 0.1, steps: 30 },
  { problem: quadratic({ spectrum: [4, 1], start: [3, -2], layers: [1, 1] }), rate: 0.1, steps: 30, norm: 1 },
  { problem: quadratic({ spectrum: [2, 1], start: [2.9, 1.1], optimum: [3, 1] }), rate: 0.05, steps: 400 },
  { problem: quadratic({ spectrum: [4, 1], start: [2.5, 1.5], optimum: [3, 1] }), rate: 0.05, steps: 30, rule: uphill },
  ...[clippedTo(0.05), shrinking, ball(0.5), signs].map((of) => ({
    problem: quadratic({ spectrum: [4, 1], start: [2.5, 1.5], optimum: [3, 1] }),
    ...{ rate: 0.1, steps: 30, of },
  })),
  ...[shrinking, decaying(0.5)].map((of) => ({ problem: quotient([4, 1], [1, 2]), rate: 0.1, steps: 30, of })),
  { problem: twoLayers([[1, 2, -1]], [3], 0.3, [1, -1, 1]), rate: 0.1, steps: 30 },
  {
    problem: quadratic({ spectrum: [1, 1], start: [1, 1] }),
    rate: 0.1,
    steps: 9,
    rule: (w) => w.map(() => Number.NaN),
  },
  { problem: quadratic({ spectrum: [1, 1], start: [1, 1] }), rate: 0.1, steps: 9, rule: (w) => scaled(1e200, w) },
];

function outcome(run: TestRun, cuts: readonly number[]) {
  const context = contextOf(run);
  let watch = watchBounds(bounds, context);
  const rows: (readonly number[])[] = [];
  for (const record of simulate(run)) {
    rows.push(watch.observe(record));
    if (!cuts.includes(record.step)) continue;
    const saved = JSON.stringify(watch.state());
    watch = watchBounds(bounds, contextOf(run), JSON.parse(saved));
  }
  return { rows, verdicts: watch.verdicts() };
}

describe("a run that is cut off and resumed", () => {
  it("ends with the same verdicts and columns, through JSON", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...runs),
        fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 4 }),
        (run, cuts) => {
          expect(outcome(run, cuts)).toStrictEqual(outcome(run, []));
        },
      ),
      { seed: 1801, numRuns: 150 },
    );
  });

  it("a state is not changed by what is observed after it was taken", () => {
    const run = runs[0]!;
    const watch = watchBounds(bounds, contextOf(run));
    const states: unknown[] = [];
    const texts: string[] = [];
    for (const record of simulate(run)) {
      watch.observe(record);
      states.push(watch.state());
      texts.push(JSON.stringify(states.at(-1)));
    }
    expect(states.map((state) => JSON.stringify(state))).toEqual(texts);
  });
});
