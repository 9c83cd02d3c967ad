import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tolerance, type Verdict } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import type { Norm, Precision } from "../../src/compute/algebra.js";
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
import { absoluteValues, line, polyhedron, quadratic, quotient, twoLayers } from "./problems.js";
import { judge, norm, scaled, type TestProblem, type TestRun } from "./simulate.js";

const entry = fc.double({ min: -1, max: 1, noNaN: true });
/** Not too near 0, so that a direction can be made of it. */
const vector = (n: number) =>
  fc
    .array(entry, { minLength: n, maxLength: n })
    .map((a) => (norm(a, 2) > 1e-3 ? a : a.map((_, i) => (i === 0 ? 1 : 0))));
const magnitude = (low: number, high: number) =>
  fc.double({ min: Math.log(low), max: Math.log(high), noNaN: true }).map(Math.exp);
const anyNorm = fc.constantFrom<Norm>(1, 1.3, 2, 2, 2, 2, 2, 5, "infinity");

/** Constant, 1/(k + 1), 1/√(k + 1) and polynomial schedules, as functions of λ_0 and the number of steps. */
const schedule = fc
  .record({
    initial: magnitude(1e-3, 0.9),
    steps: fc.integer({ min: 1, max: 200 }),
    kind: fc.constantFrom("constant", "constant", "inverse", "inverse root", "polynomial"),
    coefficient: fc.constantFrom(1, 1, 0.5),
  })
  .map(({ initial, steps, kind, coefficient }) => ({
    steps,
    coefficient,
    rate:
      kind === "constant"
        ? initial
        : (k: number) =>
            kind === "inverse"
              ? initial / (k + 1)
              : kind === "inverse root"
                ? initial / Math.sqrt(k + 1)
                : initial * (1 - k / steps) ** 2,
  }));

const quadratics = (given: { nearness: fc.Arbitrary<number>; centred: fc.Arbitrary<boolean> }) =>
  fc.integer({ min: 1, max: 5 }).chain((n) =>
    fc
      .record({
        eigenvalues: fc.array(magnitude(1, 40), { minLength: n, maxLength: n }),
        direction: vector(n),
        offset: vector(n),
        reflections: fc.array(vector(n), { maxLength: 2 }),
        size: magnitude(1e-3, 1e3),
        ...given,
        optimalValue: fc.constantFrom(0, 0, -3, 0.25),
        layers: fc.constantFrom(1, 2),
      })
      .map(({ eigenvalues, direction, offset, reflections, size, nearness, centred, optimalValue, layers }) => {
        const optimum = scaled(centred ? 0 : size / norm(direction, 2), direction);
        const start = optimum.map((x, i) => x + (nearness * size * offset[i]!) / norm(offset, 2));
        return quadratic({
          spectrum: eigenvalues,
          start,
          optimum,
          reflections,
          optimalValue,
          layers: layers === 2 && n > 1 ? [1, n - 1] : [n],
        });
      }),
  );

const anyLine = fc
  .record({
    kind: fc.constantFrom<"square" | "absolute" | "logCosh" | "lopsided">("square", "absolute", "logCosh", "lopsided"),
    start: magnitude(1e-2, 1e2),
    optimum: magnitude(1e-1, 1e1),
    signs: fc.constantFrom([1, 1], [1, 1], [-1, 1], [1, -1], [-1, -1]),
  })
  .map(({ kind, start, optimum, signs }) => line(kind, signs[0]! * start, signs[1]! * optimum));

const anyKinked = fc.integer({ min: 1, max: 4 }).chain((n) =>
  fc
    .record({
      rows: fc.array(vector(n), { minLength: n, maxLength: 3 * n }),
      slopes: fc.array(magnitude(0.1, 10), { minLength: n, maxLength: n }),
      offset: vector(n),
      optimum: vector(n),
      nearness: magnitude(1e-2, 3),
      separable: fc.boolean(),
    })
    .map(({ rows, slopes, offset, optimum, nearness, separable }) => {
      const start = optimum.map((x, i) => x + nearness * offset[i]!);
      return separable ? absoluteValues(slopes, start, optimum) : polyhedron(rows, start, optimum);
    }),
);

const anyTwoLayers = fc.integer({ min: 2, max: 5 }).chain((n) =>
  fc
    .record({
      rows: fc.array(vector(n), { minLength: 1, maxLength: 4 }),
      targets: vector(4),
      bumps: fc.constantFrom(0, 0.3, -1),
      start: vector(n),
    })
    .map(({ rows, targets, bumps, start }) => twoLayers(rows, targets, bumps, start)),
);

/** How often each bound ended held, over all random problems of this file. */
const held = new Map<string, number>();

function expectNoViolation(run: TestRun, precision: Precision = "float64"): void {
  const { verdicts } = judge({ ...run, context: { precision } });
  for (const [name, verdict] of Object.entries<Verdict>(verdicts)) {
    if (verdict.outcome === "violated") expect.fail(`${name}: ${JSON.stringify(verdict)}`);
    if (verdict.outcome !== "held") continue;
    expect(verdict.smallestSlack).toBeGreaterThanOrEqual(-tolerance[precision]);
    if (precision === "float64") held.set(name, (held.get(name) ?? 0) + 1);
  }
}

/** Every problem in every norm, with every schedule and scope. */
const anyRun = (problems: fc.Arbitrary<TestProblem>): fc.Arbitrary<TestRun> =>
  fc
    .tuple(problems, anyNorm, schedule, fc.constantFrom<"layer" | "global">("layer", "global"))
    .map(([problem, p, { rate, steps, coefficient }, scope]) => ({
      problem,
      norm: p,
      rate,
      steps,
      coefficient,
      scope,
    }));

/** Constant λ below 2c from a start within W of the optimum: where T4c has something to say. */
const anyConfinedRun: fc.Arbitrary<TestRun> = fc
  .tuple(quadratics({ nearness: magnitude(1e-2, 0.99), centred: fc.constant(false) }), magnitude(3e-3, 0.3))
  .map(([problem, rate]) => ({ problem, rate, steps: 400, scope: "global" }));

const anyQuotient = fc
  .integer({ min: 2, max: 5 })
  .chain((n) => {
    // Doubles are most of them next to 0, and starts eigenvectors.
    const whole = (low: number, high: number) =>
      fc.array(fc.integer({ min: low, max: high }), { minLength: n, maxLength: n });
    return fc.tuple(
      whole(1, 40),
      whole(-9, 9).filter((w) => w.some((x) => x !== 0)),
    );
  })
  .map(([spectrum, start]) => quotient(spectrum, start));

/** Rules that are not equation (1). */
const anyOther = (problems: fc.Arbitrary<TestProblem>, ...forms: readonly TestForm[]): fc.Arbitrary<TestRun> =>
  fc
    .tuple(problems, fc.constantFrom(...forms), schedule)
    .map(([problem, of, { rate, steps }]) => ({ problem, of, rate, steps, scope: "global" }));

const anyOtherConvex = anyOther(
  fc.oneof(quadratics({ nearness: magnitude(1e-2, 0.99), centred: fc.boolean() }), anyKinked),
  ...[gradientDescent, clippedTo(0.02), clippedTo(0.3, 0.01), shrinking, shrinking],
  ...[ball(0.9), ball(0.5, true), signs],
);

/** Clipped steps at rates up to 2/(μ + L), from within W of the optimum. */
const anyClippedRun: fc.Arbitrary<TestRun> = fc
  .tuple(
    quadratics({ nearness: magnitude(1e-2, 0.99), centred: fc.constant(false) }),
    magnitude(1e-3, 0.05),
    fc.constantFrom(clippedTo(0.001), clippedTo(0.02), clippedTo(0.3, 0.01)),
  )
  .map(([problem, rate, of]) => ({ problem, rate, steps: 200, of, scope: "global" }));

/** Steps of two entries across the gradient, of a promised length. */
const anyAcross: fc.Arbitrary<TestRun> = fc
  .tuple(vector(2), vector(2), schedule, fc.constantFrom<"exactly" | "at most">("exactly", "at most"))
  .map(([start, optimum, { rate, steps }, is]) => ({
    problem: quadratic({ spectrum: [4, 1], start, optimum }),
    rate,
    steps,
    of: proportionalAcross(is),
  }));

const families: Record<string, fc.Arbitrary<TestRun>> = {
  "quadratics, rotated and shifted": anyRun(quadratics({ nearness: magnitude(1e-2, 3), centred: fc.boolean() })),
  "quadratics from near the optimum": anyConfinedRun,
  "convex functions of one variable": anyRun(anyLine),
  "convex functions with kinks": anyRun(anyKinked),
  "smooth functions of two layers": anyRun(anyTwoLayers),
  "quotients, whose argument has no length": anyRun(anyQuotient),
  "convex functions by other rules": anyOtherConvex,
  "quotients by other rules": anyOther(anyQuotient, gradientDescent, shrinking, decaying(0.1), decaying(3)),
  "quadratics by clipped steps": anyClippedRun,
  "quadratics by steps across the gradient": anyAcross,
};

describe("a rule violates no bound that is for it", () => {
  for (const [name, runs] of Object.entries(families)) {
    it(`on ${name}`, () =>
      fc.assert(
        fc.property(runs, (run) => expectNoViolation(run)),
        { seed: 1801, numRuns: 200 },
      ));

    it(`on ${name}, rounded to float32`, () =>
      fc.assert(
        fc.property(runs, (run) => expectNoViolation(run, "float32")),
        { seed: 1801, numRuns: 100 },
      ));
  }

  it("and every bound but T10's was held often enough for this to mean something", () => {
    const names = bounds.map(({ name }) => name).filter((name) => name !== "elementwise-proportionality");
    const counts = Object.fromEntries(names.map((name) => [name, held.get(name) ?? 0]));
    for (const name of names) expect(counts[name], name).toBeGreaterThanOrEqual(10);
  });
});
