import { describe, expect, test } from "vitest";
import { tolerance } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { ball, clippedTo, decaying, gradientDescent, proportionalAcross, shrinking, signs } from "./forms.js";
import { absoluteValues, line, quadratic, quotient } from "./problems.js";
import { scaled, type TestRun, verdictOn } from "./simulate.js";

const plane = quadratic({ spectrum: [4, 1], start: [3, -2] });
/** Squared components in the ratio μ : L: the worst start for κ = 4. */
const worst = quadratic({ spectrum: [4, 1], start: [1, 2] });
const rates = (...all: readonly number[]) => ({ rate: (step: number) => all[step] ?? 0, steps: all.length });
const round = quotient([4, 1, 2], [1, 2, 3]);
const near = 2 ** -40;
const elementwise = {
  rule: { name: "elementwise", equationOne: { holds: false, reason: "another rule" }, elementwise: true },
} as const;

interface Attained {
  readonly how: string;
  readonly run: TestRun;
  readonly checks: number;
  /** By hand; 0 where the bound is attained. */
  readonly slack: number;
}

/** Runs that come as close to each bound as they can, or so close as is told: a bound that was loosened has more slack. */
const table: Record<string, readonly Attained[]> = {
  "norm-ratio": [{ how: "everywhere", run: { problem: plane, rate: 0.1, steps: 3 }, checks: 6, slack: 0 }],
  "norm-growth": [
    { how: "growing", run: { problem: line("square", 1, 9), ...rates(0.5, 0.25) }, checks: 4, slack: 0 },
    { how: "shrinking", run: { problem: line("square", 9, 1), ...rates(0.5, 0.25) }, checks: 4, slack: 0 },
  ],
  "one-dimensional-interval": [
    {
      how: "from just below w*, to its upper end",
      run: { problem: line("absolute", 1 - near, 1), rate: 0.25, steps: 1 },
      // w_0 is inside, and so is w_1
      checks: 2,
      slack: near,
    },
    {
      how: "from just above w*, to its lower end",
      run: { problem: line("absolute", 1 + near, 1), rate: 0.25, steps: 1 },
      checks: 2,
      slack: near,
    },
    {
      // 0.3 → 0.45 → 0.675 → 1.0125: ⌈log(1/0.3)/log 1.5⌉ = 3; (1.5 − 1.0125)/1.5
      how: "from outside, once it must have entered",
      run: { problem: line("absolute", 0.3, 1), rate: 0.5, steps: 3 },
      checks: 2,
      slack: (1.5 - 1.0125) / 1.5,
    },
  ],
  "no-convergence": [
    // 0.25·0.75
    {
      how: "from the lower end",
      run: { problem: line("absolute", 0.75, 1), rate: 0.25, steps: 1 },
      checks: 1,
      slack: 0,
    },
    // A step of 0.25·1.25 against 0.25·0.75
    {
      how: "from the upper end",
      run: { problem: line("absolute", 1.25, 1), rate: 0.25, steps: 1 },
      checks: 1,
      slack: 0.4,
    },
  ],
  "sign-trap": [
    { how: "everywhere", run: { problem: line("square", -1, 1), ...rates(0.5, 0.25) }, checks: 4, slack: 0 },
  ],
  "one-dimensional-step": [
    { how: "towards w*", run: { problem: line("square", 0.5, 1), ...rates(0.25, 0.125) }, checks: 2, slack: 0 },
    { how: "across w*", run: { problem: line("square", 1 - near, 1), rate: 0.25, steps: 1 }, checks: 1, slack: near },
  ],
  "best-iterate": [
    // 1 → 2 → 3 = w*: (4 + 2)/(2·2) at the second step, where the best gap is 1: (1.5 − 1)/1.5
    { how: "by hand", run: { problem: absoluteValues([1], [1], [3]), ...rates(1, 0.5) }, checks: 2, slack: 1 / 3 },
  ],
  "best-iterate-a-priori": [
    {
      // 8 → 8.5 → 9.03: M_1 = 8.5, m_1 = 7.5: (1 + ¼ + (8.5/16)²)/(2(½ + 7.5/16)), where the best gap is ½
      how: "by hand",
      run: { problem: absoluteValues([1], [8], [9]), rate: 1 / 16, steps: 2 },
      checks: 2,
      slack: 1 - (0.5 * 1.9375) / (1.25 + (8.5 / 16) ** 2),
    },
  ],
  "one-step-contraction": [
    { how: "from the worst start", run: { problem: worst, rate: 0.3, steps: 1 }, checks: 1, slack: 0 },
  ],
  "linear-rate": [
    { how: "from the worst start", run: { problem: worst, ...rates(0.3) }, checks: 1, slack: 0 },
    {
      how: "by its own λ, not the next",
      run: { problem: worst, rate: (k) => 0.3 / (k + 1), steps: 1 },
      checks: 1,
      slack: 0,
    },
  ],
  radius: [
    {
      how: "in one dimension",
      run: { problem: quadratic({ spectrum: [1], start: [1 - near], optimum: [1] }), rate: 0.25, steps: 1 },
      checks: 1,
      slack: near,
    },
  ],
  envelope: [
    {
      // D_1 = ½ − ¼(1 − ½), and so is d_1
      how: "in one dimension",
      run: { problem: quadratic({ spectrum: [1], start: [0.5], optimum: [1] }), rate: 0.25, steps: 1 },
      checks: 1,
      slack: 0,
    },
  ],
  "objective-descent": [
    {
      // κ = 1: a step of 2 − ε multiplies w by −(1 − ε), the gap by 1 − 2ε
      how: "just below the frontier",
      run: { problem: quadratic({ spectrum: [1, 1], start: [3, 4] }), rate: 2 - near, steps: 1 },
      checks: 1,
      slack: 2 * near,
    },
  ],
  "step-range": [
    // η = λ‖w‖₁‖g‖₂/‖g‖₁: largest for equal weights and a single slope, smallest the other way round
    { how: "L1, longest", run: sloped(1, [1, 1], [0, 1]), checks: 2, slack: 0 },
    { how: "L1, shortest", run: sloped(1, [1, 0], [0, -1]), checks: 2, slack: 0 },
    { how: "L∞, longest", run: sloped("infinity", [1, 0], [0, -1]), checks: 2, slack: 0 },
    { how: "L∞, shortest", run: sloped("infinity", [1, 1], [0, 1]), checks: 2, slack: 0 },
  ],
  "layer-wise-descent": [
    {
      how: "where every curvature is L",
      run: { problem: quadratic({ spectrum: [1, 1], start: [1, 2], layers: [1, 1] }), rate: 0.5, steps: 1 },
      checks: 2,
      slack: 0,
    },
    {
      // w = ¾, 9/16: decreases ¼·1 and (3/16)·(¾), sums of η²/2: 1/32, 1/32 + 9/512; f_0 = ½
      how: "the second part, by hand",
      run: { problem: quadratic({ spectrum: [1], start: [1] }), rate: 0.25, steps: 2 },
      checks: 4,
      slack: 0,
    },
  ],
  "promised-proportion": [
    {
      how: "everywhere, from both sides",
      run: { problem: plane, rate: 0.1, steps: 3, of: proportionalAcross("exactly") },
      checks: 6,
      slack: 0,
    },
    {
      how: "everywhere, from one side",
      run: { problem: plane, rate: 0.1, steps: 3, of: proportionalAcross("at most") },
      checks: 3,
      slack: 0,
    },
  ],
  "promised-invariants": [
    { how: "everywhere", run: { problem: plane, rate: 0.1, steps: 3, of: signs }, checks: 6, slack: 0 },
  ],
  "rate-contraction": [
    {
      // s = 2/(μ + L) = 0.4: (1, 2) → (−0.6, 1.2), d² from 5 to 1.8 = (1 − 0.64)·5
      how: "at the longest rate",
      run: { problem: worst, rate: 0.4, steps: 1, of: gradientDescent },
      checks: 1,
      slack: 0,
    },
    {
      // (1, 2) → (0.6, 1.8): 3.6 against (1 − 2·0.8·0.1)·5 = 4.2
      how: "by hand, below it",
      run: { problem: worst, rate: 0.1, steps: 1, of: gradientDescent },
      checks: 1,
      slack: 1 - Math.sqrt(3.6 / 4.2),
    },
  ],
  "clipped-envelope": [
    {
      // W = 2, d_0 = 1, L = μ = 1, q = ½: s = min(½, 0.2·(2 − 1)/1) = 0.2; w = 1, g = −1: d_1 = 0.8, D_1 = √0.8
      how: "by hand",
      run: {
        problem: quadratic({ spectrum: [1], start: [1], optimum: [2] }),
        rate: 0.5,
        steps: 1,
        of: clippedTo(0.2),
      },
      checks: 1,
      slack: 1 - 0.8 / Math.sqrt(0.8),
    },
    {
      // 1 − 2q·s = ½: the clip is active, d_1 = 0.5
      how: "where the clip is active",
      run: {
        problem: quadratic({ spectrum: [1], start: [1], optimum: [2] }),
        rate: 0.5,
        steps: 1,
        of: clippedTo(0.9),
      },
      checks: 1,
      slack: 1 - 0.5 / Math.sqrt(0.5),
    },
    {
      // s = 0.2·1/(1 + 1) = 0.1: d_1 = 0.9, D_1 = √0.9
      how: "with ε",
      run: {
        problem: quadratic({ spectrum: [1], start: [1], optimum: [2] }),
        rate: 0.5,
        steps: 1,
        of: clippedTo(0.2, 1),
      },
      checks: 1,
      slack: 1 - Math.sqrt(0.9),
    },
  ],
  "shrunk-rate": [
    { how: "from the worst start", run: { problem: worst, ...rates(0.3), of: shrinking }, checks: 1, slack: 0 },
    { how: "beyond 2c", run: { problem: worst, ...rates(1.8), of: shrinking }, checks: 1, slack: 0 },
  ],
  "shrunk-envelope": [
    {
      // W = 4, D_0 = 1, λ = ¾, h = 1.25, κ = 1: E = max(3, |1 − ¾·5|, |1 − ¾·3|) = 3, D_1 = (3 + ¼·4)/1.25 = 3.2;
      // w = 3 → (3 + 2.25)/1.25 = 4.2, d_1 = 0.2
      how: "by hand",
      run: { problem: quadratic({ spectrum: [1], start: [3], optimum: [4] }), ...rates(0.75), of: shrinking },
      checks: 1,
      slack: 1 - 0.2 / 3.2,
    },
  ],
  "heavy-ball": [
    {
      // |w − 1| from 0 with m = ½, s = ¼: w = 0, ¼, ⅝, gaps 1, ¾, ⅜, velocities −¼, −⅜.
      // K = 1: (1 + ¼)/(2·½) says nothing; K = 2: (1 + ¼ + ¼ − 4·¼·(¾ − 1))/(2·1) = 0.875 against ¾, and then ⅜
      how: "by hand",
      run: { problem: absoluteValues([1], [0], [1]), rate: 0.25, steps: 2, of: ball(0.5) },
      checks: 2,
      slack: 1 - 0.75 / 0.875,
    },
  ],
  "orthogonal-growth": [
    { how: "everywhere", run: { problem: round, rate: 0.1, steps: 3 }, checks: 6, slack: 0 },
    {
      how: "by plain gradient descent",
      run: { problem: round, rate: 0.1, steps: 3, of: gradientDescent },
      checks: 6,
      slack: 0,
    },
  ],
  "orthogonal-rest": [
    { how: "everywhere", run: { problem: round, rate: 0.1, steps: 3, of: shrinking }, checks: 6, slack: 0 },
  ],
  equilibrium: [
    {
      // Two equalities a step, and the direction of the change, whose slack is what the norm changes by at the step.
      how: "everywhere",
      run: { problem: round, rate: 0.1, steps: 3, of: decaying(1e-9) },
      checks: 9,
      slack: 0,
    },
  ],
  "elementwise-proportionality": [
    {
      how: "everywhere",
      run: {
        problem: plane,
        rate: 0.1,
        steps: 3,
        proportion: meanChange,
        rule: (w, g, rate) => scaled(-rate / meanChange(w, g), g),
        context: elementwise,
      },
      checks: 6,
      slack: 0,
    },
  ],
};

function meanChange(w: readonly number[], update: readonly number[]): number {
  return update.reduce((sum, x, i) => sum + Math.abs(x / w[i]!), 0) / w.length;
}

/** One step on ½‖w − w*‖². */
function sloped(norm: 1 | "infinity", start: readonly number[], optimum: readonly number[]): TestRun {
  return { problem: quadratic({ spectrum: [1, 1], start, optimum }), norm, rate: 0.1, steps: 1 };
}

describe("a bound is as tight as it can be", () => {
  test("the table knows all of them", () => {
    expect(Object.keys(table).sort()).toEqual(bounds.map(({ name }) => name).sort());
  });

  for (const [name, cases] of Object.entries(table)) {
    test.each(cases)(`${name}: $how`, ({ run, checks, slack }) => {
      const verdict = verdictOn(name, run);
      expect(verdict).toMatchObject({ outcome: "held", checks });
      if (verdict.outcome === "held") expect(verdict.smallestSlack).toBeCloseTo(slack, 11);
    });
  }

  test("the tolerance of the checks is that of the precision", () => {
    expect(tolerance).toEqual({ float64: 1e-9, float32: 1e-4 });
  });
});
