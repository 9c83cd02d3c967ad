import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Verdict } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { selectedBounds, watchBounds } from "../../src/bounds/verdict.js";
import { float64 } from "../../src/compute/float64.js";
import { boundContext } from "../../src/execution/bound-context.js";
import type { Optimizer } from "../../src/optimizers/optimizer.js";
import { optimizerOver } from "../optimizers/rules.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "../training/support.js";

type Options = { readonly name: string; readonly [option: string]: unknown };

/** How a step is spoilt: what is made of an update, with the weights and the gradient it was made of. */
type Spoil = (update: Float64Array, weights: Float64Array, gradient: Float64Array) => Float64Array;

const spoilt = (optimizer: Optimizer, spoil: Spoil): Optimizer => ({
  ...optimizer,
  updates(algebra, step, weights, gradients, ...rest) {
    const { updates, state } = optimizer.updates(algebra, step, weights, gradients, ...rest);
    const numbers = [updates, weights, gradients] as unknown as Float64Array[][];
    const worse = updates.map((_, i) => spoil(numbers[0]![i]!, numbers[1]![i]!, numbers[2]![i]!));
    return { updates: worse as never, state };
  },
});

/** The verdicts on a run through the loop that every run goes through. */
async function judged(options: Options, config: Options, seed: number, names: readonly string[], spoil?: Spoil) {
  const steps = 40;
  const problem = await makeProblem(options, seed);
  const right = optimizerOver(problem.layers, config, steps);
  const optimizer = spoil ? spoilt(right, spoil) : right;
  const watch = watchBounds(
    selectedBounds(bounds, names),
    boundContext({ problem, optimizer, steps, precision: "float64", run: { config: { batchSize: "full" } } }),
  );
  const { records } = await collect(float64, problem, problem.onHost!(float64), config, {
    ...{ steps, optimizer, lossLimit: Number.POSITIVE_INFINITY, measureInvariants: watch.needsInvariants },
  });
  for (const record of records) watch.observe(record);
  return watch.verdicts();
}

const between = (low: number, high: number) =>
  fc.double({ min: Math.log(low), max: Math.log(high), noNaN: true }).map(Math.exp);
const rate = (low: number, high: number) =>
  fc.oneof(
    between(low, high),
    fc.record({
      schedule: fc.constantFrom("polynomial", "inverse-sqrt", "inverse-time", "cosine"),
      initial: between(low, high),
      warmupSteps: fc.integer({ min: 0, max: 20 }),
    }),
  );
const clip = fc.constantFrom<object>(
  ...Array<object>(4).fill({}),
  { clipGradient: { method: "global-norm", maximum: 0.1 } },
  { clipGradient: { method: "adaptive", factor: 0.05 } },
);

/** A quadratic, from within W of its optimum, whose μ is 1. */
const quadratic = (more: object = {}) =>
  fc
    .record({
      dimension: fc.integer({ min: 2, max: 12 }),
      conditionNumber: between(1, 200),
      start: between(0.01, 0.99).map((distance) => ({ distance })),
    })
    .map((options): Options => ({ name: "quadratic", ...options, ...more }));
const centred = quadratic({ optimum: "zero" });
const convex = fc.oneof(
  quadratic(),
  fc.record({
    name: fc.constantFrom("least-squares", "huber", "absolute-loss", "logistic-regression"),
    data: fc.constant({ examples: 12, weights: { dimension: 3, norm: 1 } }),
    lossScale: between(0.1, 10),
  }),
);
const matrices = fc.constant<Options>({ name: "deep-linear", dimensions: [3, 2, 4], examples: 5 });
const rayleigh = fc.record({
  name: fc.constant("rayleigh-quotient"),
  dimension: fc.integer({ min: 2, max: 10 }),
  conditionNumber: between(1.1, 100),
  start: between(0.1, 10).map((norm) => ({ norm })),
});

/** A rule with one of these options, at one of these rates. */
const rules = (learningRate: fc.Arbitrary<unknown>, options: readonly Options[], more: fc.Arbitrary<object> = clip) =>
  fc
    .tuple(fc.constantFrom(...options), learningRate, more)
    .map(([one, learningRate, rest]): Options => ({ ...one, learningRate, ...rest }));
const scoped = fc.tuple(clip, fc.constantFrom("layer", "global")).map(([clip, scope]) => ({ ...clip, scope }));

const promising = rules(
  rate(1e-4, 0.9),
  [
    { name: "lamb" },
    { name: "lamb", weightDecay: 0.1, zeroRule: "one" },
    { name: "lamb", clip: true, biasCorrection: false },
    { name: "lans" },
    { name: "lans", weightDecay: 0.1, beta1: 0.5 },
    { name: "lars", weightDecay: 0.1 },
    { name: "lars", convention: "optax", weightDecay: 0.1 },
    { name: "percent-delta", epsilon: 0.1, trustCoefficient: 0.5 },
  ],
  scoped,
);
const measured = rules(
  rate(1e-4, 0.5),
  [
    ...["adam", "nadam", "lion", "sign-descent", "rmsprop", "adagrad", "normalized-gradient-descent", "novograd"],
    ...["fromage", "nero", "madam", "scion", "muon", "larc"],
  ].map((name) => ({ name })),
  scoped,
);
const along: readonly Options[] = [
  { name: "sgd" },
  { name: "larc" },
  { name: "lars" },
  { name: "lars", convention: "authors", trustCoefficient: 0.1 },
  { name: "lars", convention: "timm", weightDecay: 0, scaleWithoutWeightDecay: true, trustCoefficient: 1 },
  { name: "percent-delta", clip: true },
  { name: "percent-delta-elementwise" },
  { name: "normalized-gradient-descent" },
];
const balls: readonly Options[] = [
  { name: "lars", momentum: 0.9 },
  { name: "lars", momentum: 0.5, momentumOrder: "learning-rate-outside", trustCoefficient: 0.1 },
  { name: "percent-delta", momentum: 0.8 },
  { name: "sgd", momentum: 0.9 },
  { name: "sgd", momentum: 0.3 },
];

interface Case {
  /** Those that every run, or nearly, has something to say about. */
  readonly holds: readonly string[];
  /** Default: 330 */
  readonly numRuns?: number;
  readonly problem: fc.Arbitrary<Options>;
  readonly rule: fc.Arbitrary<Options>;
}

const cases: readonly Case[] = [
  { holds: ["promised-proportion"], problem: fc.oneof(quadratic(), matrices), rule: promising },
  { holds: ["promised-invariants"], problem: fc.oneof(quadratic(), matrices), rule: measured },
  { holds: ["best-iterate"], numRuns: 600, problem: convex, rule: rules(rate(1e-2, 0.5), along) },
  { holds: ["one-step-contraction", "rate-contraction"], problem: quadratic(), rule: rules(rate(1e-3, 0.1), along) },
  {
    holds: ["clipped-envelope"],
    problem: quadratic(),
    // μ + L ≤ 201
    rule: rules(
      rate(1e-4, 2 / 202),
      [
        { name: "larc" },
        { name: "larc", trustCoefficient: 0.5, epsilon: 0.1 },
        { name: "lars", clip: true, trustCoefficient: 1e-3 },
      ],
      fc.constant({}),
    ),
  },
  { holds: ["shrunk-rate"], problem: centred, rule: rules(rate(1e-3, 5), [{ name: "fromage" }]) },
  { holds: ["shrunk-envelope"], problem: quadratic(), rule: rules(rate(1e-4, 0.02), [{ name: "fromage" }]) },
  { holds: ["heavy-ball"], numRuns: 600, problem: convex, rule: rules(between(3e-3, 0.1), balls) },
  { holds: ["orthogonal-growth"], problem: rayleigh, rule: rules(rate(1e-3, 2), along) },
  { holds: ["orthogonal-rest"], problem: rayleigh, rule: rules(rate(1e-3, 5), [{ name: "fromage" }]) },
  {
    holds: ["equilibrium"],
    problem: rayleigh,
    rule: rules(
      rate(1e-3, 1.9),
      [0.01, 0.3, 10].map((weightDecay) => ({ name: "lars", weightDecay })),
      fc.constant({}),
    ),
  },
];

describe.each(cases)("$holds", ({ holds, problem, rule, numRuns = 330 }) => {
  test("held on 300 random problems and more in the real loop, and never violated", async () => {
    const held = Object.fromEntries(holds.map((name) => [name, 0]));
    await fc.assert(
      fc.asyncProperty(problem, rule, fc.integer({ min: 0, max: 1000 }), async (options, config, seed) => {
        for (const [name, verdict] of Object.entries<Verdict>(await judged(options, config, seed, holds))) {
          expect(verdict.outcome, `${name}: ${JSON.stringify(verdict)}`).not.toBe("violated");
          if (verdict.outcome === "held") held[name]!++;
        }
      }),
      { numRuns, seed: 2002 },
    );
    for (const name of holds) expect(held[name], name).toBeGreaterThanOrEqual(300);
  });
});

const times =
  (factor: number): Spoil =>
  (update) =>
    float64.scale(factor, update);
/** With a part along the weights, of a millionth of them. */
const alongWeights: Spoil = (update, weights) => float64.addScaled(update, 1e-6, weights);
const uphill = times(-1);
const kinks: Options = { name: "absolute-loss" };
const shifted: Options = { name: "quadratic", dimension: 4, conditionNumber: 4 };
const centre: Options = { ...shifted, optimum: "zero", start: { norm: 1 } };
const round: Options = { name: "rayleigh-quotient" };

const broken: readonly [bound: string, how: string, problem: Options, rule: Options, spoil: Spoil][] = [
  ["promised-proportion", "1 % longer", shifted, { name: "lamb" }, times(1.01)],
  ["promised-proportion", "1 % shorter", shifted, { name: "lamb" }, times(0.99)],
  ["promised-proportion", "twice as long", shifted, { name: "lans" }, times(2)],
  ["promised-invariants", "1 % longer", shifted, { name: "sign-descent" }, times(1.01)],
  ["promised-invariants", "1 % shorter", shifted, { name: "normalized-gradient-descent" }, times(0.99)],
  ["promised-invariants", "off the sphere", shifted, { name: "nero" }, times(0.99)],
  [
    "promised-invariants",
    "not shrunk",
    shifted,
    { name: "fromage", learningRate: 0.5 },
    (u, w) => float64.addScaled(u, 1, w),
  ],
  ["best-iterate", "uphill", kinks, { name: "sgd" }, uphill],
  ["one-step-contraction", "uphill", shifted, { name: "sgd" }, uphill],
  ["rate-contraction", "uphill", shifted, { name: "larc" }, uphill],
  ["clipped-envelope", "a tenth of a step", shifted, { name: "larc" }, times(0.1)],
  ["shrunk-rate", "uphill", centre, { name: "fromage" }, uphill],
  ["shrunk-envelope", "uphill", shifted, { name: "fromage", learningRate: 0.01 }, uphill],
  ["heavy-ball", "uphill", kinks, { name: "sgd", momentum: 0.5 }, uphill],
  ["orthogonal-growth", "along the weights too", round, { name: "lars" }, alongWeights],
  ["orthogonal-rest", "along the weights too", round, { name: "fromage" }, alongWeights],
  ["equilibrium", "along the weights too", round, { name: "lars", weightDecay: 0.1 }, alongWeights],
];

describe("violated in the real loop by a broken rule", () => {
  test.each(broken)("%s: %s", async (bound, _, problem, rule, spoil) => {
    const config = { learningRate: 0.1, ...rule };
    expect((await judged(problem, config, 1, [bound]))[bound]!.outcome).toBe("held");
    expect((await judged(problem, config, 1, [bound], spoil))[bound]!.outcome).toBe("violated");
  });
});
