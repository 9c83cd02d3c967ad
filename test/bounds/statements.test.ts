import { describe, expect, test } from "vitest";
import type { Bound } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { selectedBounds, watchBounds } from "../../src/bounds/verdict.js";
import type { LayerRecord, StepRecord } from "../../src/training/record.js";
import { line, quadratic } from "./problems.js";
import { contextOf, proportionalUpdate, simulate, type TestRun, verdictOn } from "./simulate.js";

type Call = readonly [
  step: number,
  measured: number,
  bound: number,
  tolerance?: number | undefined,
  layer?: string | undefined,
];

/** Every inequality that a bound states of a run, with the room that it leaves for rounding. */
function statementsOf(name: string, run: TestRun): Call[] {
  const calls: Call[] = [];
  const { columns, start } = bounds.find((bound) => bound.name === name)!;
  const monitor = start(contextOf(run));
  for (const record of simulate(run)) {
    const values = monitor.observe(record, (...call) => calls.push([record.step, ...call]));
    expect(values).toHaveLength(columns.length);
    expect(JSON.parse(JSON.stringify(monitor.state()))).toBeTypeOf("object");
  }
  return calls;
}

/** What falls below the smallest normal number, of n weights. */
const lost = (n: number) => n * 2 ** -1022;
/** 4u·√n·magnitude, u = 2^(−53), and what underflows. */
const rounding = (magnitude: number, n = 1) => 2 ** -51 * Math.sqrt(n) * magnitude + lost(n);
const rates = (...all: readonly number[]) => ({ rate: (step: number) => all[step] ?? 0, steps: all.length });

const zero = quadratic({ spectrum: [1, 1], start: [0, 0], optimum: [1, 1] });
/** ‖w_0‖ = √5, worst for κ = 4; the gap is above −3. */
const worst = quadratic({ spectrum: [4, 1], start: [1, 2], optimalValue: -3 });
const halves = quadratic({ spectrum: [1, 1], start: [1, 2], layers: [1, 1] });
/** One step from 1 towards 3 and beyond it by half: f = ½(w − 3)² − 3. */
const towards3 = quadratic({ spectrum: [1], start: [1], optimum: [3], optimalValue: -3 });
/** |w − w*| − 3 */
const kink = (start: number, optimum: number): TestRun["problem"] => ({
  layers: [1],
  start: [start],
  optimum: [optimum],
  value: ([w]) => Math.abs(w! - optimum) - 3,
  gradient: ([w]) => [Math.sign(w! - optimum)],
  constants: { convex: true, gradientBound: 1, optimalValue: -3 },
});
/** d² after a step of 0.3·√5 from √5: 5(1 − 2·0.8·0.3 + 0.09) */
const contracted = Math.sqrt(5 * 0.61);

const table: readonly [name: string, how: string, run: TestRun, expected: readonly Call[]][] = [
  [
    "norm-ratio",
    "with a coefficient, layer by layer",
    { problem: halves, rate: 0.5, coefficient: 0.5, steps: 1 },
    [
      [0, 0.25, 0.25, lost(1) / 1, "layer 0"],
      [0, 0.25, 0.25, lost(1) / 1, "layer 0"],
      [0, 0.25, 0.25, lost(1) / 2, "layer 1"],
      [0, 0.25, 0.25, lost(1) / 2, "layer 1"],
    ],
  ],
  ["norm-ratio", "at w = 0", { problem: zero, rate: 0.5, steps: 1 }, [[0, 0, 0, 0, "layer 0"]]],
  [
    "norm-ratio",
    "at g = 0",
    { problem: quadratic({ spectrum: [1], start: [2], optimum: [2] }), rate: 0.5, steps: 1 },
    [[0, 0, 0, 0, "layer 0"]],
  ],
  [
    "norm-growth",
    "by 1.5 and 1.25, or by ½ and ¾",
    { problem: line("square", 1, 9), ...rates(0.5, 0.25) },
    [
      [1, 1.5, 1.5, 1.5 * lost(1), "layer 0"],
      [1, 0.5, 1.5, lost(1), "layer 0"],
      [2, 1.875, 1.875, 1.875 * lost(1), "layer 0"],
      [2, 0.375, 1.875, lost(1), "layer 0"],
    ],
  ],
  [
    "norm-growth",
    "with λc > 1 weights may become 0",
    { problem: line("square", 1, 9), rate: 3, coefficient: 0.5, steps: 1 },
    [
      [1, 2.5, 2.5, 2.5 * lost(1), "layer 0"],
      [1, 0, 2.5, lost(1), "layer 0"],
    ],
  ],
  [
    "norm-growth",
    "from 0",
    { problem: zero, rate: 0.5, steps: 1 },
    [
      [1, 0, 0, 0, "layer 0"],
      [1, 0, 0, lost(2), "layer 0"],
    ],
  ],
  [
    // η = λ‖w‖₁‖g‖₂/‖g‖₁ = 0.1·2; λ‖w‖₂ = 0.1√2, n = 2
    "step-range",
    "in L1",
    { problem: quadratic({ spectrum: [1, 1], start: [1, 1], optimum: [0, 1] }), norm: 1, rate: 0.1, steps: 1 },
    [
      [0, 0.2, 0.2, lost(2), "layer 0"],
      [0, 0.1, 0.2, lost(2), "layer 0"],
    ],
  ],
  [
    "step-range",
    "with a coefficient",
    {
      problem: quadratic({ spectrum: [1, 1], start: [1, 1], optimum: [0, 1] }),
      ...{ norm: 1, rate: 0.1, coefficient: 0.5, steps: 1 },
    },
    [
      [0, 0.1, 0.1, lost(2), "layer 0"],
      [0, 0.05, 0.1, lost(2), "layer 0"],
    ],
  ],
  ["step-range", "not at w = 0", { problem: zero, norm: 1, rate: 0.1, steps: 1 }, []],
  [
    "one-dimensional-interval",
    "(1 ± ¼)·w*, from inside",
    { problem: line("absolute", 1.1875, 1), rate: 0.25, steps: 1 },
    [
      [1, 0.890625, 1.25, rounding(1.890625)],
      [1, 0.75, 0.890625, rounding(1.890625)],
    ],
  ],
  [
    "one-dimensional-interval",
    "about another w*",
    { problem: line("absolute", 2.375, 2), rate: 0.25, steps: 1 },
    [
      [1, 1.78125, 2.5, rounding(3.78125)],
      [1, 1.5, 1.78125, rounding(3.78125)],
    ],
  ],
  [
    "one-dimensional-interval",
    "not from the other side",
    { problem: line("absolute", -1, 1), rate: 0.5, steps: 3 },
    [],
  ],
  ["one-dimensional-interval", "not at w* itself", { problem: line("absolute", 1, 1), rate: 0.5, steps: 3 }, []],
  [
    // ⌈log 2/log 1.5⌉ = 2
    "one-dimensional-interval",
    "from outside, mirrored",
    { problem: line("absolute", -0.25, -1), rate: 0.5, steps: 4 },
    // 0.25, 0.375, 0.5625 inside, 0.84375, 1.265625
    [
      [3, 0.84375, 1.5, rounding(1.84375)],
      [3, 0.5, 0.84375, rounding(1.84375)],
      [4, 1.265625, 1.5, rounding(2.265625)],
      [4, 0.5, 1.265625, rounding(2.265625)],
    ],
  ],
  [
    "no-convergence",
    "λ(1 − λ)w*, at the ends and inside",
    { problem: line("absolute", 0.75, 1), rate: 0.25, steps: 2 },
    // 0.75 → 0.9375 → …
    [
      [0, 0.1875, 0.1875, 0.25 * rounding(1.25)],
      [1, 0.1875, 0.234375, 0.25 * rounding(1.25)],
    ],
  ],
  ["no-convergence", "not below", { problem: line("absolute", 0.5, 1), rate: 0.25, steps: 1 }, []],
  ["no-convergence", "not above", { problem: line("absolute", 1.75, 1), rate: 0.25, steps: 1 }, []],
  [
    "no-convergence",
    "about another w*",
    { problem: line("absolute", 2.5, 2), rate: 0.25, steps: 1 },
    [[0, 0.375, 0.625, 0.25 * rounding(2.5)]],
  ],
  [
    "sign-trap",
    "½ and then ¾ of the depth",
    { problem: line("square", 1, -1), ...rates(0.5, 0.25) },
    [
      [1, 0.5, 0.5, rounding(1)],
      [1, 0.5, 0.5, rounding(1)],
      [2, 0.375, 0.375, rounding(0.5)],
      [2, 0.375, 0.375, rounding(0.5)],
    ],
  ],
  [
    "one-dimensional-step",
    "towards w*, then across it",
    { problem: line("square", 0.75, 1), ...rates(0.25, 0.5) },
    // 0.75 → 0.9375 → 1.40625
    [
      [1, 0.0625, 0.1875, rounding(1.25 * 0.75 + 1)],
      [2, 0.40625, 0.46875, rounding(1.5 * 0.9375 + 1)],
    ],
  ],
  [
    // 1 → 2 → 3 with gaps 2, 1, 0: (4 + 1)/2 says nothing, (4 + 2)/(2·2) does
    "best-iterate",
    "once it says something",
    { problem: kink(1, 3), ...rates(1, 0.5) },
    [
      [1, 1, 1.5, rounding(1 + 6)],
      [2, 0, 1.5, rounding(6)],
    ],
  ],
  [
    // 8 → 8.5 → 9.03125: (1 + ¼)/(2·½) says nothing; M_1 = 8.5, m_1 = 7.5
    "best-iterate-a-priori",
    "once it says something",
    { problem: kink(8, 9), rate: 1 / 16, steps: 2 },
    [
      [1, 0.5, (1.25 + 0.53125 ** 2) / 1.9375, rounding(0.5 + 6)],
      [2, 0.03125, (1.25 + 0.53125 ** 2) / 1.9375, rounding(0.03125 + 6)],
    ],
  ],
  [
    "one-step-contraction",
    "√(d² − 2cηd + η²)",
    { problem: worst, rate: 0.3, steps: 1 },
    [[1, contracted, contracted, rounding(1.3 * Math.sqrt(5), 2)]],
  ],
  [
    "linear-rate",
    "√(1 − 2cλ + λ²)·d",
    { problem: worst, rate: 0.6, coefficient: 0.5, steps: 1 },
    [[1, contracted, contracted, rounding(1.3 * Math.sqrt(5), 2)]],
  ],
  [
    "radius",
    "λW, once the envelope has come down to it",
    // κ = 1: D_0 = ½ ≤ 0.75·W
    { problem: quadratic({ spectrum: [1], start: [1.5], optimum: [2] }), rate: 0.375, steps: 2 },
    // 1.5 → 2.0625 → 1.2890625
    [
      [1, 0.0625, 0.75, rounding(4.0625)],
      [2, 0.7109375, 0.75, rounding(3.2890625)],
    ],
  ],
  [
    // D_1 = |2 − 1.25| = 0.75 or 0.5·3; W = 3, λ = ¼: max(¾, |2 − 5/4|, |2 − ¼|)
    "envelope",
    "step by step",
    { problem: towards3, ...rates(0.25, 0.5) },
    // 1 → 1.25 → 1.875; D_2 = max(1.5, |1.75 − 0.5·4.75|, |1.75 − 0.5·1.25|)
    [
      [1, 1.75, 1.75, rounding(4.25)],
      [2, 1.125, 1.5, Math.SQRT2 * rounding(4.875)],
    ],
  ],
  [
    // κ = 1: below λ = 2 alone
    "objective-descent",
    "below the frontier",
    { problem: quadratic({ spectrum: [1, 1], start: [3, 4], optimalValue: -3 }), ...rates(3, 0.5), coefficient: 0.75 },
    // λc = 2.25 states nothing; w_1 = −1.25·(3, 4), gap 12.5·1.5625; then λc = 0.375: the gap is 0.390625 times that
    [[2, 19.53125 * 0.390625, 19.53125, rounding(2 * (19.53125 + 3), 2)]],
  ],
  [
    "layer-wise-descent",
    "the descent lemma, and the average",
    { problem: halves, rate: 0.5, steps: 1 },
    [
      // (f_0 − inf + curvature)/1 = 2.5 + 0.625 against the first decrease, ½·1 + 1·2
      [0, 2.5, 3.125, rounding(2.5, 2)],
      // f_1 − f_0 + decrease = 0.625 − 2.5 + 2.5; ‖w_1‖ = ‖g_1‖ = √1.25
      [1, 0.625, 0.625, rounding(0.625 + 2.5 + 2.5, 2) + Math.sqrt(1.25) * rounding(Math.sqrt(1.25), 2)],
    ],
  ],
];

describe("what a bound states of a run, with its room for rounding, by hand", () => {
  test.each(table)("%s: %s", (name, _, run, expected) => {
    const stated = statementsOf(name, run);
    expect(stated.map(([step, , , , layer]) => [step, layer])).toEqual(
      expected.map(([step, , , , layer]) => [step, layer]),
    );
    for (const [i, [, measured, bound, tolerance]] of stated.entries()) {
      const [, wantedMeasured, wantedBound, wantedTolerance] = expected[i]!;
      expect(measured).toBeCloseTo(wantedMeasured, 13);
      expect(bound).toBeCloseTo(wantedBound, 13);
      if (wantedTolerance === 0) expect(tolerance).toBe(0);
      else expect(tolerance! / wantedTolerance!).toBeCloseTo(1, 9);
    }
  });
});

describe("where the arithmetic has ended, nothing is checked", () => {
  const run: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4], layers: [1, 1] }), rate: 0.1, steps: 1 };
  const [first, last] = [...simulate(run)] as [StepRecord, StepRecord];
  const outcomeOf = (record: StepRecord) => {
    const watch = watchBounds(selectedBounds(bounds, ["norm-ratio", "norm-growth", "linear-rate"]), contextOf(run));
    const columns = watch.observe({ ...record, traced: true });
    return { columns, ...watch.verdicts()["norm-ratio"] };
  };
  const inSecond = (record: StepRecord, change: Partial<LayerRecord>): StepRecord => ({
    ...record,
    layers: [record.layers[0]!, { ...record.layers[1]!, ...change }],
  });
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;

  test.each<[what: string, record: StepRecord]>([
    ["the loss", { ...first, loss: infinity }],
    ["a loss that is no number", { ...first, loss: nan }],
    ["the last loss", { ...last, loss: infinity }],
    ["weights", inSecond(first, { weightNorm: infinity })],
    ["weights in the rule's norm", inSecond(first, { weightNormInRule: nan })],
    ["a gradient", inSecond(first, { gradientNorm: infinity })],
    ["a gradient in the rule's norm", inSecond(first, { gradientNormInRule: infinity })],
  ])("%s", (_, record) => {
    expect(outcomeOf(record)).toMatchObject({
      outcome: "not applicable",
      reason: "the run was too short: nothing was checked",
    });
  });

  test("but it goes on where the last record of mini-batches has neither loss nor gradients", () => {
    expect(outcomeOf(first)).toMatchObject({ outcome: "held", checks: 4 });
    const watch = watchBounds(selectedBounds(bounds, ["norm-growth"]), contextOf(run));
    watch.observe(first);
    watch.observe({ ...inSecond(last, { gradientNorm: nan, gradientNormInRule: nan }), loss: nan });
    expect(watch.verdicts()["norm-growth"]).toMatchObject({ outcome: "held", checks: 4 });
  });

  test("columns are empty then", () => {
    const single: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4] }), rate: 0.1, steps: 1 };
    const [record] = [...simulate(single)] as [StepRecord];
    const watch = watchBounds(selectedBounds(bounds, ["linear-rate", "norm-ratio"]), contextOf(single));
    expect(watch.observe({ ...record, traced: true, loss: nan })).toEqual([nan]);
    expect(watch.observe({ ...record, traced: true })).toEqual([5]);
  });

  test.each([
    [[], "returned 0 numbers"],
    [[1, 2], "returned 2 numbers"],
  ])("a bound that does not fill its columns is told so: %j", (found, expected) => {
    const single: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4] }), rate: 0.1, steps: 1 };
    const [record] = [...simulate(single)] as [StepRecord];
    const [linearRate] = selectedBounds(bounds, ["linear-rate"]) as [Bound];
    const careless: Bound = { ...linearRate, start: () => ({ observe: () => found, state: () => undefined }) };
    const watch = watchBounds([careless], contextOf(single));
    expect(() => watch.observe({ ...record, traced: true })).toThrow(
      `bound linear-rate: observe ${expected}; expected one for each of its columns (linear_rate_distance), NaN`,
    );
  });

  test("a bound that has overflowed says nothing, and is no check", () => {
    const still: TestRun = { problem: line("square", 1, 9), ...rates(1e200, 1e200), rule: () => [0] };
    expect(verdictOn("norm-growth", still)).toMatchObject({ outcome: "held", checks: 3 });
  });
});

describe("the watch over several bounds", () => {
  const run: TestRun = { problem: zero, rate: 0.1, steps: 1 };

  test("needs every step where one of them applies", () => {
    const needs = (...names: string[]) => watchBounds(selectedBounds(bounds, names), contextOf(run)).needsEveryStep;
    expect([needs(), needs("step-range"), needs("step-range", "norm-ratio")]).toEqual([false, false, true]);
  });

  test("tells each its own verdict", () => {
    const watch = watchBounds(selectedBounds(bounds, ["norm-ratio", "norm-growth", "step-range"]), contextOf(run));
    for (const record of simulate(run)) watch.observe(record);
    expect(watch.verdicts()).toEqual({
      "norm-ratio": { outcome: "held", checks: 1, smallestSlack: 0, meanSlack: expect.any(Number) },
      "norm-growth": { outcome: "held", checks: 2, smallestSlack: 0, meanSlack: expect.any(Number) },
      "step-range": { outcome: "not applicable", reason: expect.stringContaining("p = 2") },
    });
  });

  test("what rounding accounts for holds, and counts as no more than the tolerance", () => {
    // From 4e-308 to 7e-308 in place of 6e-308: what is missing is below the smallest normal number.
    const small: TestRun = { problem: line("square", 4e-308, 1), rate: 0.5, steps: 1, rule: () => [3e-308] };
    // From below there is room: (7 − 2)/7.
    const meanSlack = expect.closeTo((5 / 7 - 1e-9) / 2, 12);
    expect(verdictOn("norm-growth", small)).toEqual({ outcome: "held", checks: 2, smallestSlack: -1e-9, meanSlack });
  });

  test("a bound of the size of roundings has no slack", () => {
    // From 1e-310 to 1e-309 in place of 1.5e-310: all below the smallest normal number.
    const tiny: TestRun = { problem: line("square", 1e-310, 1), rate: 0.5, steps: 1, rule: () => [9e-310] };
    expect(verdictOn("norm-growth", tiny)).toEqual({ outcome: "held", checks: 2, smallestSlack: 0, meanSlack: 0 });
  });

  test("slack at a bound of 0 is 0 or −1", () => {
    expect(verdictOn("norm-ratio", run)).toEqual({ outcome: "held", checks: 1, smallestSlack: 0, meanSlack: 0 });
    const moved = verdictOn("norm-ratio", { ...run, rule: () => [1, 1] });
    expect(moved).toMatchObject({ outcome: "violated", smallestSlack: -1, bound: 0 });
  });

  test("names what it does not know", () => {
    expect(() => watchBounds(selectedBounds(bounds, ["a", "norm-ratio", "b"]), contextOf(run))).toThrow(
      "no bound is called a, b",
    );
  });
});

describe("records that cannot be judged", () => {
  test("a gradient that has lost its digits to underflow is not held against the ratio", () => {
    const tiny: TestRun = { problem: quadratic({ spectrum: [1e-308], start: [1] }), rate: 0.5, steps: 1 };
    expect(statementsOf("norm-ratio", tiny)).toEqual([]);
    expect(statementsOf("step-range", { ...tiny, norm: 1 })).toEqual([]);
  });

  test("two layers seen as one have the norm of both, however large or small they are", () => {
    for (const size of [1e-200, 1, 1e200]) {
      const problem = quadratic({ spectrum: [1, 1], start: [3 * size, 4 * size], layers: [1, 1] });
      const run: TestRun = { problem, rate: 0.5, steps: 1, scope: "global", rule: proportionalUpdate(2) };
      const [[, ratio, rate, tolerance, layer]] = statementsOf("norm-ratio", run) as [Call];
      expect([ratio, rate, layer]).toEqual([expect.closeTo(0.5, 14), 0.5, "all layers"]);
      const expected = lost(2) / (5 * size);
      expect(Math.abs(tolerance! - expected)).toBeLessThanOrEqual(1e-9 * expected);
    }
  });
});
