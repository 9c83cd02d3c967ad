import { describe, expect, it } from "vitest";
import { latestEntry } from "../../src/bounds/one-dimensional-interval.js";
import { relativeRadius } from "../../src/bounds/radius.js";
import { bounds } from "../../src/bounds/registry.js";
import { roundingOf } from "../../src/bounds/rounding.js";
import { selectedBounds, watchBounds } from "../../src/bounds/verdict.js";
import type { StepRecord } from "../../src/training/record.js";
import { absoluteValues, line, quadratic } from "./problems.js";
import { contextOf, judge, scaled, simulate, type TestRun, verdictOn } from "./simulate.js";

/** The values of one column at every step. */
function column(run: TestRun, bound: string, name: string): number[] {
  const watch = watchBounds(selectedBounds(bounds, [bound]), contextOf(run));
  const position = watch.columns.findIndex((one) => one.name === name);
  return [...simulate(run)].map((record) => watch.observe({ ...record, traced: true })[position]!);
}

describe("columns, by hand", () => {
  it("best-iterate on |w − 3| from 2 with λ = ½", () => {
    // w: 2 → 3 (g = −1, η = 1) → 3 (g = 0, no step); gaps 1, 0, 0; s_0 = 1
    const run: TestRun = { problem: absoluteValues([1], [2], [3]), rate: 0.5, steps: 2 };
    expect(column(run, "best-iterate", "best_gap")).toEqual([1, 0, 0]);
    // (d_0² + η_0²)/(2s_0) = (1 + 1)/2
    expect(column(run, "best-iterate", "best_iterate_bound")).toEqual([1, 1, 1]);
  });

  it("best-iterate-a-priori on 2|w − 5| from 4 with λ = ¼", () => {
    const run: TestRun = { problem: absoluteValues([2], [4], [5]), rate: 0.25, steps: 2 };
    // K = 1: 2(1 + (¼·4)²)/(2·¼·4) = 2
    // K = 2: M_1 = 5, m_1 = 3: 2(1 + 1 + (5/4)²)/(2(1 + 3/4)) = 2·3.5625/3.5
    const [first, second, last] = column(run, "best-iterate-a-priori", "best_iterate_a_priori_bound");
    expect(first).toBe(2);
    expect(second).toBeCloseTo(7.125 / 3.5, 14);
    expect(last).toBe(second);
  });

  it("linear-rate and one-step-contraction on a quadratic with κ = 4", () => {
    const run: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4] }), rate: 0.1, steps: 2 };
    // d_0 = 5, c = 4/5, 1 − 2·0.8·0.1 + 0.01 = 0.85
    const line = column(run, "linear-rate", "linear_rate_distance");
    expect(line[0]).toBe(5);
    expect(line[1]).toBeCloseTo(5 * Math.sqrt(0.85), 14);
    expect(line[2]).toBeCloseTo(5 * 0.85, 14);
    const bounds = column(run, "one-step-contraction", "one_step_distance_bound");
    expect(bounds[0]).toBeNaN();
    expect(bounds[1]).toBeCloseTo(5 * Math.sqrt(0.85), 14);
  });

  it("linear-rate with λ_0 = 0.1 and λ_1 = 0.4", () => {
    const rate = (step: number) => [0.1, 0.4][step] ?? 0.2;
    const run: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4] }), rate, steps: 2 };
    // 1 − 2·0.8·0.1 + 0.01 = 0.85, then 1 − 2·0.8·0.4 + 0.16 = 0.52
    const line = column(run, "linear-rate", "linear_rate_distance");
    expect(line[1]).toBeCloseTo(5 * Math.sqrt(0.85), 14);
    expect(line[2]).toBeCloseTo(5 * Math.sqrt(0.85 * 0.52), 14);
  });

  it("one-dimensional-step on |w − 1| from 2 with λ = ¼, and in the mirror", () => {
    // w: 2 → 1.5 → 1.125; bounds max(1 − ½, ½) = ½, max(0.5 − 0.375, 0.375) = 0.375
    for (const sign of [1, -1]) {
      const run: TestRun = { problem: line("absolute", 2 * sign, sign), rate: 0.25, steps: 2 };
      expect(column(run, "one-dimensional-step", "one_dimensional_distance_bound")).toEqual([Number.NaN, 0.5, 0.375]);
    }
  });

  it("layer-wise-descent on ½‖w‖² in two layers", () => {
    const problem = { ...quadratic({ spectrum: [1, 1], start: [1, 2], layers: [1, 1] }) };
    const run: TestRun = { problem, rate: 0.5, steps: 1 };
    // η = (½, 1), ‖g‖ = (1, 2): decrease ½ + 2 = 2.5; (L/2)Ση² = 1.25/2; f_0 = 2.5
    expect(column(run, "layer-wise-descent", "objective_bound")).toEqual([Number.NaN, 2.5 - 2.5 + 0.625]);
    expect(column(run, "layer-wise-descent", "smallest_first_order_decrease")).toEqual([2.5, 2.5]);
    expect(column(run, "layer-wise-descent", "first_order_decrease_bound")).toEqual([3.125, 3.125]);
    // f_1 = ½(¼ + 1) = 0.625: attained, as every curvature is L
    expect(verdictOn("layer-wise-descent", run)).toMatchObject({ outcome: "held", checks: 2 });
  });

  it("the radius: κ = 4, λ = 0.1: λ/min(1, 1.6 − 0.1) = 0.1; λ = 0.8: 0.8/0.8", () => {
    expect(relativeRadius(4, 0.1)).toBe(0.1);
    expect(relativeRadius(4, 0.8)).toBeCloseTo(1, 14);
  });

  it("entry: from 1 to 8 at λ = 1 in 3 steps; from 8 to 1 at λ = ½ in 3", () => {
    expect(latestEntry(1, 7.9, 1)).toBe(3);
    expect(latestEntry(7.9, 1, 0.5)).toBe(3);
    expect(latestEntry(2, 15.8, 1)).toBe(3);
    expect(latestEntry(15.8, 2, 0.5)).toBe(3);
  });

  it("the rounding level of n = 4 weights: 4u·√4·magnitude = 2⁻⁵⁰·magnitude", () => {
    const run: TestRun = { problem: quadratic({ spectrum: [1, 1, 1, 1], start: [1, 1, 1, 1] }), rate: 0.1, steps: 1 };
    expect(roundingOf(contextOf(run))(1)).toBe(2 ** -50);
    expect(roundingOf(contextOf({ ...run, context: { precision: "float32" } }))(1)).toBe(2 ** -21);
  });
});

describe("verdicts, by hand", () => {
  const run: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, 4] }), rate: 0.1, steps: 4 };
  const [first] = [...simulate(run)] as [StepRecord];

  /** One record whose measured norm ratio is this. */
  function ratio(normRatio: number, precision: "float64" | "float32" = "float64") {
    const watch = watchBounds(selectedBounds(bounds, ["norm-ratio"]), contextOf({ ...run, context: { precision } }));
    watch.observe({ ...first, layers: [{ ...first.layers[0]!, normRatio }] });
    return watch.verdicts()["norm-ratio"]!;
  }

  it("slack is relative to the bound", () => {
    // 0.11 against 0.1: (0.1 − 0.11)/0.1
    const verdict = ratio(0.11);
    expect(verdict).toMatchObject({ outcome: "violated", checks: 2, firstStep: 0, layer: "layer 0", bound: 0.1 });
    if (verdict.outcome === "violated") {
      expect(verdict.measured).toBeCloseTo(0.11, 14);
      expect(verdict.smallestSlack).toBeCloseTo(-0.1, 12);
      // The other way round 0.1 is below 0.11, by (0.11 − 0.1)/0.11.
      expect(verdict.meanSlack).toBeCloseTo((-0.1 + 1 / 11) / 2, 12);
    }
  });

  it("the tolerance is 1e-9 in float64 and 1e-4 in float32", () => {
    expect(ratio(0.1 * (1 + 0.9e-9)).outcome).toBe("held");
    expect(ratio(0.1 * (1 + 1.1e-9)).outcome).toBe("violated");
    expect(ratio(0.1 * (1 - 1.1e-9)).outcome).toBe("violated");
    expect(ratio(0.1 * (1 + 0.9e-4), "float32").outcome).toBe("held");
    expect(ratio(0.1 * (1 + 1.1e-4), "float32").outcome).toBe("violated");
  });

  it("the coefficient multiplies λ_k", () => {
    expect(verdictOn("norm-ratio", { ...run, coefficient: 0.01 }).outcome).toBe("held");
  });

  it("excluded layers are not held to the rule", () => {
    const problem = quadratic({ spectrum: [4, 1], start: [3, 4], layers: [1, 1] });
    const second: TestRun["rule"] = (w, g, rate) => (w[0]! === 3 ? [-rate * 3] : g.map((x) => -rate * x * 7));
    const excluded = ["layer 1"];
    expect(verdictOn("norm-ratio", { problem, rate: 0.1, steps: 1, rule: second }).outcome).toBe("violated");
    const excluding = verdictOn("norm-ratio", { problem, rate: 0.1, steps: 1, rule: second, context: { excluded } });
    expect(excluding).toMatchObject({ outcome: "held", checks: 2 });
  });

  it("the ratio of all layers as one is that of the whole vector, in every norm", () => {
    for (const norm of [1, 2, "infinity"] as const) {
      const problem = quadratic({ spectrum: [4, 1, 2], start: [3, 4, -1], layers: [1, 2] });
      const whole: TestRun = { problem, rate: 0.1, steps: 3, norm, scope: "global" };
      expect(verdictOn("norm-ratio", whole)).toMatchObject({ outcome: "held", checks: 6 });
      // Seen as layer-wise, the same run breaks it: the single layers do not move by λ.
      expect(verdictOn("norm-ratio", { ...whole, context: { scope: "layer" } }).outcome).toBe("violated");
    }
  });

  it("the first violation is the one reported", () => {
    let step = 0;
    const verdict = verdictOn("norm-ratio", {
      ...run,
      rule: (w) => scaled([0.1, 0.1, 0.2, 0.4, 0][step++]!, w),
      steps: 4,
    });
    expect(verdict).toMatchObject({ outcome: "violated", firstStep: 2, checks: 8 });
    if (verdict.outcome === "violated") expect(verdict.smallestSlack).toBeCloseTo(-3, 9);
  });

  it("where the arithmetic overflows, checking ends without a violation", () => {
    const { verdicts } = judge({ problem: quadratic({ spectrum: [4, 1], start: [3e307, 4e307] }), rate: 3, steps: 20 });
    for (const [name, { outcome }] of Object.entries(verdicts)) expect(outcome, name).not.toBe("violated");
  });

  it("untraced records yield no columns", () => {
    const watch = watchBounds(bounds, contextOf(run));
    expect(watch.observe({ ...first, traced: false })).toEqual([]);
    expect(watch.columns.length).toBeGreaterThan(5);
  });
});
