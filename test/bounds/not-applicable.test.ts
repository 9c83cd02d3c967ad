import { describe, expect, it } from "vitest";
import type { BoundContext } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { ball, clippedTo, decaying, gradientDescent, shrinking, signs, type TestForm } from "./forms.js";
import { absoluteValues, line, quadratic, quotient } from "./problems.js";
import { contextOf, judge, type TestRun, verdictOn } from "./simulate.js";

const centred: TestRun = { problem: quadratic({ spectrum: [4, 1], start: [3, -2] }), rate: 0.1, steps: 20 };
const shifted: TestRun = {
  problem: quadratic({ spectrum: [4, 1], start: [2.5, 1.5], optimum: [3, 1] }),
  rate: 0.02,
  steps: 400,
};
const kink: TestRun = { problem: absoluteValues([1], [1], [1.5]), rate: 0.05, steps: 30 };
const segment: TestRun = { problem: line("square", 0.5, 1), rate: 0.1, steps: 40 };

/** The run with another context; with `undefined` a constant is taken away. */
function but(run: TestRun, context: Partial<BoundContext>, constants: Record<string, unknown> = {}): TestRun {
  const all = contextOf(run);
  const kept = Object.entries({ ...all.constants, ...constants }).filter(([, value]) => value !== undefined);
  return {
    ...run,
    context: { constants: Object.fromEntries(kept) as unknown as NonNullable<BoundContext["constants"]>, ...context },
  };
}

const withMomentum = {
  rule: { name: "lars", equationOne: { holds: false as const, reason: "momentum 0.9 is no part of equation (1)" } },
};
const twoLayers = {
  layers: [
    { name: "a", shape: [1] },
    { name: "b", shape: [1] },
  ],
};

/** The rule of another form. */
const of = (form: TestForm, run: TestRun = shifted): TestRun => ({ ...run, of: form });
const uneven = (k: number) => 0.1 / (k + 1);
const round: TestRun = { problem: quotient([4, 1], [1, 2]), rate: 0.1, steps: 5 };

/** A bound, a run on which it does not apply, and what the reason must say. */
const table: readonly (readonly [name: string, why: string, run: TestRun, reason: RegExp])[] = [
  ...bounds
    .filter(({ assumptions }) => assumptions.some((phrase) => phrase.startsWith("the update is equation (1)")))
    .map(({ name }) => [name, "momentum", but(centred, withMomentum), /^lars: momentum 0\.9 is no part/] as const),
  ...bounds
    .filter(({ assumptions }) => assumptions.some((phrase) => phrase === "full-batch (sub)gradients"))
    .filter(({ assumptions }) => assumptions.some((phrase) => /^(the update is equation|Δw = −s_kg_k)/.test(phrase)))
    .map(({ name, theorem }) => {
      const norm = theorem === "T6" ? 1 : 2;
      return [name, "mini-batches", { ...but(centred, { fullBatch: false }), norm }, /^T9: /] as const;
    }),
  ...["best-iterate", "best-iterate-a-priori", "one-step-contraction", "linear-rate", "radius", "envelope"].flatMap(
    (name) => [
      [name, "two layers", but(centred, twoLayers), /^T8: .*the rule sees 2 layers/] as const,
      [
        name,
        "an excluded layer",
        but(centred, { ...twoLayers, scope: "global", excluded: ["b"] }),
        /b is kept out/,
      ] as const,
      [name, "an unknown optimum", but(centred, {}, { optimum: undefined }), /minimiser w\* is not known/] as const,
    ],
  ),
  ["objective-descent", "two layers", but(centred, twoLayers), /^T8: /],
  ["best-iterate", "a function that is not convex", but(kink, {}, { convex: false }), /not known to be convex/],
  ["best-iterate", "an unknown minimum", but(kink, {}, { optimalValue: undefined }), /minimum f\* .* is not known/],
  ["best-iterate", "no news", { ...kink, steps: 1, rate: 1e-3 }, /never came below f\(w_0\) − f\*/],
  ["best-iterate-a-priori", "unbounded gradients", but(kink, {}, { gradientBound: undefined }), /no bound G/],
  ["best-iterate-a-priori", "the L1 norm", { ...kink, norm: 1 }, /p = 1; the statement is for p = 2/],
  ["best-iterate-a-priori", "rates too large", { ...kink, rate: 0.99, steps: 2000 }, /never came below/],
  ["one-step-contraction", "no μ", but(centred, {}, { strongConvexity: undefined }), /strong convexity constant μ > 0/],
  ["one-step-contraction", "μ = 0", but(centred, {}, { strongConvexity: 0 }), /strong convexity constant μ > 0/],
  ["one-step-contraction", "no L", but(centred, {}, { smoothness: undefined }), /smoothness constant L/],
  ["linear-rate", "w* ≠ 0", shifted, /^the optimum is not centred: ‖w\*‖₂ = 3\.16228/],
  ["linear-rate", "the L∞ norm", { ...centred, norm: "infinity" }, /p = infinity; the statement is for p = 2/],
  ["radius", "w* = 0", centred, /w\* = 0, the statement is for w\* ≠ 0/],
  ["radius", "a schedule", { ...shifted, rate: (k) => 0.02 / (k + 1) }, /constant λ; it goes from 0\.00005 to 0\.02/],
  ["radius", "λ above 2c", { ...shifted, rate: 1.7 }, /λ < 2c = 1\.6; λ is 1\.7/],
  ["radius", "a radius above W", { ...shifted, rate: 0.9 }, /a radius below W/],
  [
    "radius",
    "a far start",
    { ...shifted, problem: { ...shifted.problem, start: [-1, -1] } },
    /^d_0 = 4\.47214 is not below W = 3\.16228/,
  ],
  ["radius", "a short run", { ...shifted, steps: 3 }, /ended before the envelope .* radius 0\.0632456/],
  ["envelope", "w* = 0", centred, /w\* = 0/],
  [
    "envelope",
    "a far start",
    { ...shifted, problem: { ...shifted.problem, start: [-1, -1] } },
    /^d_0 = 4\.47214 is not below/,
  ],
  [
    "envelope",
    "λ too large",
    { ...shifted, rate: 0.99, problem: { ...shifted.problem, start: [0.1, 0.1] } },
    /reached W = 3\.16228 at once/,
  ],
  ["objective-descent", "no quadratic", but(centred, {}, { quadratic: undefined }), /not known to be a quadratic/],
  ["objective-descent", "w* ≠ 0", shifted, /not centred/],
  ["objective-descent", "λ above the frontier", { ...centred, rate: 1.1 }, /\^\{3\/2\} = 1\.0799; λ is 1\.1/],
  ["step-range", "p = 2", centred, /p = 2; the statement is for p ≠ 2/],
  ["layer-wise-descent", "no L", kink, /no smoothness constant L/],
  ["elementwise-proportionality", "equation (1)", centred, /^test does not make the mean relative change/],
  ...["best-iterate", "one-step-contraction", "rate-contraction", "orthogonal-growth"].map(
    (name) =>
      [name, "momentum", of(ball(0.9)), /^test, as configured, does not step along the gradient: momentum/] as const,
  ),
  ["promised-proportion", "equation (1)", centred, /^test is equation \(1\), of which T1 says it$/],
  ["promised-proportion", "no promise", of(signs), /promises nothing of ‖Δw‖_p/],
  ["promised-invariants", "no promise", centred, /^test, as configured, promises no invariant/],
  [
    "rate-contraction",
    "no short step",
    of(gradientDescent, { ...shifted, rate: 1, steps: 2 }),
    /2\/\(μ \+ L\) = 0\.4$/,
  ],
  ["clipped-envelope", "equation (1)", shifted, /^test, as configured, is no step along the gradient at the rate min/],
  ["clipped-envelope", "λ too large", of(clippedTo(0.1), { ...shifted, rate: 0.5 }), /= 0\.4; λ_k goes up to 0\.5/],
  ["clipped-envelope", "w* = 0", of(clippedTo(0.1), centred), /w\* = 0/],
  ["shrunk-rate", "w* ≠ 0", of(shrinking), /not centred/],
  ["shrunk-rate", "equation (1)", centred, /^test, as configured, is no step of equation \(1\) after which/],
  ["shrunk-envelope", "w* = 0", of(shrinking, centred), /w\* = 0/],
  ["heavy-ball", "equation (1)", kink, /^test, as configured, is no heavy ball/],
  [
    "heavy-ball",
    "λ outside the velocity and not constant",
    of(
      { ...ball(0.9), form: { heavyBall: { ...ball(0.9).form!.heavyBall!, constantRate: true } } },
      { ...kink, rate: uneven },
    ),
    /multiplies its velocity by λ, which must be constant/,
  ],
  ["heavy-ball", "no news", of(ball(0.5), { ...kink, steps: 1, rate: 1e-3 }), /never came below/],
  ["orthogonal-growth", "a quadratic", shifted, /not known to be invariant under scaling/],
  ["orthogonal-rest", "equation (1)", round, /is no step of equation \(1\) after which/],
  ["orthogonal-rest", "a quadratic", of(shrinking), /not known to be invariant under scaling/],
  ["equilibrium", "no decay", round, /is no LARS with weight decay/],
  ["equilibrium", "λ ≥ 2", of(decaying(0.1), { ...round, rate: 2.5 }), /λ_k < 2; λ_k goes up to 2\.5/],
  ["one-dimensional-interval", "two dimensions", centred, /one dimension; the problem has 2/],
  ["one-dimensional-interval", "w* = 0", { ...segment, problem: line("square", 1, 0) }, /w\* ≠ 0/],
  ["one-dimensional-interval", "a schedule", { ...segment, rate: (k) => 0.1 / (k + 1) }, /constant λ/],
  ["one-dimensional-interval", "λ ≥ 1", { ...segment, rate: 1 }, /0 < λ < 1; λ is 1$/],
  ["one-dimensional-interval", "the wrong side", { ...segment, problem: line("square", -1, 1) }, /sign trap \(T2b\)/],
  ["one-dimensional-interval", "a short run", { ...segment, steps: 3 }, /before step 8, at which w must have entered/],
  ["no-convergence", "a schedule", { ...segment, rate: (k) => 0.1 / (k + 1) }, /constant λ/],
  ["no-convergence", "λ ≥ 1", { ...segment, rate: 1 }, /0 < λ < 1; λ is 1$/],
  [
    "step-range",
    "w = 0",
    { ...centred, norm: 1, problem: { ...centred.problem, start: [0, 0] } },
    /^no step was made with w ≠ 0 and g ≠ 0$/,
  ],
  ["no-convergence", "a short run", { ...segment, steps: 3 }, /no step was made inside the interval/],
  ["sign-trap", "the right side", segment, /on the side of w\*: there is no trap/],
  ["sign-trap", "λ ≥ 1", { ...segment, rate: 1.5 }, /λ_k < 1; λ is 1\.5/],
  ["one-dimensional-step", "the wrong side", { ...segment, problem: line("square", -1, 1) }, /sign trap \(T2b\)/],
];

describe("a bound does not apply, and says why", () => {
  for (const [name, why, run, reason] of table) {
    it(`${name}: ${why}`, () => {
      const verdict = verdictOn(name, run);
      expect(verdict).toEqual({ outcome: "not applicable", reason: expect.stringMatching(reason) });
    });
  }

  it("mini-batches leave only T1 and T6 to be checked", () => {
    const run: TestRun = { ...segment, norm: 1, context: { fullBatch: false } };
    const { verdicts } = judge(run);
    const checked = Object.entries(verdicts).filter(([, { outcome }]) => outcome !== "not applicable");
    expect(checked.map(([name]) => name)).toEqual(["norm-ratio", "norm-growth", "step-range"]);
  });

  it("a run of no steps ends with nothing held", () => {
    const { verdicts } = judge({ ...segment, steps: 0 });
    for (const { outcome } of Object.values(verdicts)) expect(outcome).toBe("not applicable");
  });

  it("every bound states what a reader needs, in columns of distinct names", () => {
    for (const { name, theorem, statement, assumptions, source } of bounds) {
      expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(theorem).toMatch(/^T\d+[a-d]?$/);
      for (const text of [statement, source, ...assumptions]) expect(text.length).toBeGreaterThan(3);
      expect(assumptions.length).toBeGreaterThan(0);
    }
    const columns = bounds.flatMap((bound) => bound.columns.map(({ name }) => name));
    expect(new Set(columns).size).toBe(columns.length);
    expect(new Set(bounds.map(({ name }) => name)).size).toBe(bounds.length);
  });

  it("a name that is not in the registry is an error", () => {
    expect(() => judge(segment, ["best-iterat"])).toThrow("no bound is called best-iterat");
  });
});
