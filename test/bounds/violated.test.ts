import { describe, expect, it } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import {
  ball,
  clippedTo,
  decaying,
  gradientDescent,
  proportionalAcross,
  shrinking,
  signs,
  type TestForm,
} from "./forms.js";
import { absoluteValues, line, quadratic, quotient, twoLayers } from "./problems.js";
import { norm, proportionalUpdate, scaled, type TestRule, type TestRun, verdictOn } from "./simulate.js";

/** Equation (1), and what is wrong with it. */
const lars = proportionalUpdate(2);
const uphill: TestRule = (w, g, rate) => scaled(-1, lars(w, g, rate));
const times =
  (factor: number): TestRule =>
  (w, g, rate) =>
    scaled(factor, lars(w, g, rate));

const plane = quadratic({ spectrum: [4, 1], start: [3, -2] });
const shifted = quadratic({ spectrum: [4, 1], start: [2.5, 1.5], optimum: [3, 1] });
const kink = absoluteValues([1], [1], [1.5]);
const round = quotient([4, 1, 2], [1, 2, 3]);

/** The step that a rule makes, longer by this factor. */
const longer = (factor: number, form: TestForm): TestRule => {
  const rule = form.rule();
  return (w, g, rate) => scaled(factor, rule(w, g, rate));
};

/** mean_i |Δw_i/w_i| */
const meanChange = (w: readonly number[], update: readonly number[]) =>
  update.reduce((sum, x, i) => sum + Math.abs(x / w[i]!), 0) / w.length;

/** For each bound a rule that passes for equation (1) and breaks just this statement. */
const broken: Record<string, { readonly how: string; readonly run: TestRun }[]> = {
  "norm-ratio": [
    { how: "steps longer by 1 %", run: { problem: plane, rate: 0.1, steps: 5, rule: times(1.01) } },
    { how: "steps shorter by 1e-8", run: { problem: plane, rate: 0.1, steps: 5, rule: times(1 - 1e-8) } },
    { how: "the L1 norms in place of L2", run: { problem: plane, rate: 0.1, steps: 5, rule: proportionalUpdate(1) } },
    {
      how: "all layers as one, the steps shorter by 1 %",
      run: {
        problem: quadratic({ spectrum: [4, 1, 1], start: [3, -2, 5], layers: [1, 2] }),
        rate: 0.1,
        steps: 5,
        scope: "global",
        rule: times(0.99),
      },
    },
    {
      how: "a plain gradient step from w = 0",
      run: {
        problem: quadratic({ spectrum: [4, 1], start: [0, 0], optimum: [1, 1] }),
        rate: 0.1,
        steps: 1,
        rule: (_, g, rate) => scaled(-rate, g),
      },
    },
    { how: "NaN", run: { problem: plane, rate: 0.1, steps: 1, rule: (w) => w.map(() => Number.NaN) } },
  ],
  "norm-growth": [
    { how: "growth by 1 % more", run: { problem: line("square", 1, 9), rate: 0.1, steps: 5, rule: times(1.01) } },
    { how: "a shrinking rate doubled", run: { problem: line("square", 9, 1), rate: 0.1, steps: 5, rule: times(2) } },
  ],
  "one-dimensional-interval": [
    { how: "half a step", run: { problem: line("absolute", 0.1, 1), rate: 0.1, steps: 40, rule: times(0.5) } },
    { how: "steps three times as long", run: { problem: line("square", 2, 1), rate: 0.1, steps: 40, rule: times(3) } },
    { how: "uphill", run: { problem: line("square", 2, 1), rate: 0.1, steps: 40, rule: uphill } },
    { how: "uphill, mirrored", run: { problem: line("square", -2, -1), rate: 0.1, steps: 40, rule: uphill } },
  ],
  "no-convergence": [
    { how: "half a step", run: { problem: line("absolute", 0.5, 1), rate: 0.1, steps: 40, rule: times(0.5) } },
    {
      how: "plain gradient descent",
      run: { problem: line("square", 0.5, 1), rate: 0.1, steps: 60, rule: (_, g, rate) => scaled(-rate, g) },
    },
  ],
  "sign-trap": [
    { how: "uphill", run: { problem: line("absolute", -1, 1), rate: 0.1, steps: 5, rule: uphill } },
    {
      how: "steps longer by 1e-8",
      run: { problem: line("square", 1, -1), rate: 0.1, steps: 5, rule: times(1 + 1e-8) },
    },
    {
      how: "plain gradient descent, which crosses 0",
      run: { problem: line("square", -1, 1), rate: 0.9, steps: 1, rule: (_, g, rate) => scaled(-rate, g) },
    },
  ],
  "one-dimensional-step": [
    { how: "uphill", run: { problem: line("absolute", 3, 1), rate: (k) => 0.5 / (k + 1), steps: 5, rule: uphill } },
    { how: "steps longer by 1 %", run: { problem: line("square", 1.05, 1), rate: 0.1, steps: 9, rule: times(1.1) } },
  ],
  "best-iterate": [{ how: "uphill", run: { problem: kink, rate: 0.05, steps: 60, rule: uphill } }],
  "best-iterate-a-priori": [
    { how: "uphill", run: { problem: kink, rate: 0.05, steps: 30, rule: uphill } },
    { how: "a hundredth of a step", run: { problem: kink, rate: 0.02, steps: 40, rule: times(0.01) } },
  ],
  "one-step-contraction": [
    { how: "uphill", run: { problem: plane, rate: 0.1, steps: 3, rule: uphill } },
    {
      how: "across the gradient",
      run: { problem: shifted, rate: 0.1, steps: 3, rule: (w, g, r) => turned(lars(w, g, r)) },
    },
  ],
  "linear-rate": [
    { how: "uphill", run: { problem: plane, rate: 0.1, steps: 3, rule: uphill } },
    {
      how: "steps shorter by 1 % where the rate is attained",
      run: { problem: quadratic({ spectrum: [4, 1], start: [1, 2] }), rate: 0.3, steps: 1, rule: times(0.99) },
    },
  ],
  radius: [
    { how: "uphill", run: { problem: shifted, rate: 0.02, steps: 400, rule: uphill } },
    { how: "steps three times as long", run: { problem: shifted, rate: 0.02, steps: 400, rule: times(3) } },
  ],
  envelope: [
    { how: "uphill", run: { problem: shifted, rate: 0.02, steps: 20, rule: uphill } },
    { how: "a tenth of a step", run: { problem: shifted, rate: 0.02, steps: 20, rule: times(0.1) } },
  ],
  "objective-descent": [
    { how: "uphill", run: { problem: plane, rate: 0.1, steps: 3, rule: uphill } },
    { how: "steps ten times as long", run: { problem: plane, rate: 0.3, steps: 3, rule: times(10) } },
  ],
  "step-range": [
    {
      how: "twice the longest step",
      run: { problem: plane, norm: 1, rate: 0.1, steps: 3, rule: times(2 * Math.SQRT2) },
    },
    {
      how: "a step longer by 1 % than the longest of p = 4, far below that of p = ∞",
      run: { problem: plane, norm: 4, rate: 0.1, steps: 3, rule: times(1.01 * 2 ** (1 / 4)) },
    },
    {
      how: "half the shortest step",
      run: { problem: plane, norm: "infinity", rate: 0.1, steps: 3, rule: times(0.5 / Math.SQRT2) },
    },
  ],
  "layer-wise-descent": [
    {
      how: "uphill in the second layer",
      run: {
        problem: twoLayers([[1, 2, -1]], [3], 0.3, [1, -1, 1]),
        rate: 0.1,
        steps: 3,
        rule: (w, g, rate) => scaled(w.length === 2 ? 1 : -1, lars(w, g, rate)),
      },
    },
    {
      how: "steps that do not happen, although they are recorded",
      run: { problem: frozen(), rate: 0.05, steps: 30 },
    },
  ],
  "promised-proportion": [
    {
      how: "steps shorter by 1 % than promised",
      run: { problem: plane, rate: 0.1, steps: 3, of: proportionalAcross("exactly"), rule: times(0.5 * 0.99) },
    },
    {
      how: "steps longer by 1 % than they may be",
      run: { problem: plane, rate: 0.1, steps: 3, of: proportionalAcross("at most"), rule: times(0.5 * 1.01) },
    },
  ],
  "promised-invariants": [
    {
      how: "entries that move by 1 % more",
      run: { problem: plane, rate: 0.1, steps: 3, of: signs, rule: longer(1.01, signs) },
    },
    {
      how: "entries that move by 1 % less",
      run: { problem: plane, rate: 0.1, steps: 3, of: signs, rule: longer(0.99, signs) },
    },
  ],
  "rate-contraction": [
    {
      how: "across the gradient",
      run: {
        problem: plane,
        rate: 0.1,
        steps: 3,
        of: gradientDescent,
        rule: (_, g, rate) => turned(scaled(-rate, g)),
      },
    },
    {
      how: "uphill",
      run: { problem: plane, rate: 0.1, steps: 3, of: gradientDescent, rule: longer(-1, gradientDescent) },
    },
  ],
  "clipped-envelope": [
    {
      how: "a tenth of a step",
      run: { problem: shifted, rate: 0.3, steps: 20, of: clippedTo(0.05), rule: longer(0.1, clippedTo(0.05)) },
    },
    {
      how: "equation (1), which is not clipped near w*",
      run: { problem: shifted, rate: 0.3, steps: 60, of: clippedTo(0.3), rule: lars },
    },
  ],
  "shrunk-rate": [
    {
      how: "steps shorter by 1 % where the rate is attained",
      run: {
        problem: quadratic({ spectrum: [4, 1], start: [1, 2] }),
        rate: 0.3,
        steps: 1,
        of: shrinking,
        rule: longer(0.99, shrinking),
      },
    },
    {
      how: "equation (1) beyond 2c, which Fromage still contracts at",
      run: {
        problem: quadratic({ spectrum: [4, 1], start: [1, 2] }),
        rate: 1.8,
        steps: 1,
        of: shrinking,
        rule: lars,
      },
    },
  ],
  "shrunk-envelope": [
    {
      how: "a tenth of a step",
      run: { problem: shifted, rate: 0.02, steps: 20, of: shrinking, rule: longer(0.1, shrinking) },
    },
    {
      how: "uphill",
      run: { problem: shifted, rate: 0.02, steps: 20, of: shrinking, rule: longer(-1, shrinking) },
    },
  ],
  "heavy-ball": [
    {
      how: "uphill",
      run: { problem: kink, rate: 0.02, steps: 60, of: ball(0.5), rule: longer(-1, ball(0.5)) },
    },
    {
      how: "no step at all",
      run: { problem: kink, rate: 0.02, steps: 60, of: ball(0.5, true), rule: longer(0, ball(0.5, true)) },
    },
  ],
  "orthogonal-growth": [
    {
      how: "a step with a part along the weights",
      run: {
        problem: round,
        rate: 0.1,
        steps: 3,
        rule: (w, g, rate) => lars(w, g, rate).map((x, i) => x - 1e-6 * w[i]!),
      },
    },
    {
      how: "a step with a part against them, of plain gradient descent",
      run: {
        problem: round,
        rate: 0.1,
        steps: 3,
        of: gradientDescent,
        rule: (w, g, rate) => w.map((x, i) => 1e-6 * x - rate * g[i]!),
      },
    },
  ],
  "orthogonal-rest": [
    { how: "equation (1), which grows", run: { problem: round, rate: 0.1, steps: 3, of: shrinking, rule: lars } },
    {
      how: "weights that are shrunk by a little more",
      run: {
        problem: round,
        rate: 0.1,
        steps: 3,
        of: shrinking,
        rule: (w, g, rate) =>
          shrinking
            .rule()(w, g, rate)
            .map((x, i) => x - 1e-6 * w[i]!),
      },
    },
  ],
  equilibrium: [
    { how: "no decay", run: { problem: round, rate: 0.1, steps: 3, of: decaying(0.1), rule: lars } },
    {
      how: "twice the decay",
      run: { problem: round, rate: 0.1, steps: 3, of: decaying(0.1), rule: decaying(0.2).rule() },
    },
  ],
  "elementwise-proportionality": [
    {
      how: "steps longer by 1 %",
      run: {
        problem: plane,
        rate: 0.1,
        steps: 3,
        proportion: meanChange,
        rule: (w, g, rate) => scaled((-1.01 * rate) / meanChange(w, g), g),
        context: {
          rule: { name: "elementwise", equationOne: { holds: false, reason: "another rule" }, elementwise: true },
        },
      },
    },
    {
      how: "L1 norms in place of the mean",
      run: {
        problem: plane,
        rate: 0.1,
        steps: 3,
        proportion: meanChange,
        rule: proportionalUpdate(1),
        context: {
          rule: { name: "elementwise", equationOne: { holds: false, reason: "another rule" }, elementwise: true },
        },
      },
    },
  ],
};

/** The same step, turned by a right angle. */
function turned([x, y]: readonly number[]): readonly number[] {
  return [-y!, x!];
}

/** A linear function that claims to be bounded below by its start less 0.1. */
function frozen(): TestRun["problem"] {
  return {
    layers: [2],
    start: [1, 1],
    value: () => 1,
    gradient: () => [1, 1],
    constants: { convex: false, smoothness: 1e-3, infimum: 0.9 },
  };
}

describe("every bound can fail", () => {
  it("the table knows all of them", () => {
    expect(Object.keys(broken).sort()).toEqual(bounds.map(({ name }) => name).sort());
  });

  for (const [name, cases] of Object.entries(broken)) {
    for (const { how, run } of cases) {
      it(`${name}: ${how}`, () => {
        const verdict = verdictOn(name, run);
        expect(verdict.outcome, JSON.stringify(verdict)).toBe("violated");
        if (verdict.outcome !== "violated") return;
        expect(verdict.firstStep).toBeLessThanOrEqual(run.steps);
        expect(verdict.smallestSlack).toBeLessThan(0);
        expect(verdict.measured <= verdict.bound).toBe(false);
      });
    }
    it(`${name}: the same run is held by the right rule`, () => {
      for (const { how, run } of cases.filter((one) => !one.how.startsWith("steps that do not"))) {
        const { rule: _, ...right } = run;
        if (name === "elementwise-proportionality") {
          const rule: TestRule = (w, g, rate) => scaled(-rate / meanChange(w, g), g);
          expect(verdictOn(name, { ...right, rule }).outcome, how).toBe("held");
        } else if (norm(right.problem.start, 2) > 0) expect(verdictOn(name, right).outcome, how).toBe("held");
      }
    });
  }
});
