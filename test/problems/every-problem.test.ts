import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import type { Problem } from "../../src/problems/problem.js";
import { problems } from "../../src/problems/registry.js";
import { functionOf, makeProblem } from "./support.js";

const noisy = { examples: 40, weights: { dimension: 4, norm: 2 } };
const variants: { name: string; [option: string]: unknown }[] = [
  { name: "scalar" },
  { name: "scalar", loss: "absolute", curvature: 3, lossScale: 0.5 },
  { name: "scalar", target: { count: 25, from: { distribution: "lognormal" } }, curvature: 2 },
  { name: "scalar", target: [5, 1, 2, 40], loss: "absolute" },
  { name: "quadratic" },
  { name: "quadratic", dimension: 6, conditionNumber: 1000, lossScale: 8, rotation: "none", spacing: "linear" },
  { name: "quadratic", spectrum: [3, 0.5, 7], optimum: "zero", start: { distance: 2, direction: "adversarial" } },
  {
    name: "quadratic",
    spectrum: [1, 9],
    rotation: [
      [0.6, -0.8],
      [0.8, 0.6],
    ],
    start: { constant: 2 },
  },
  {
    name: "quadratic",
    spectrum: [{ count: 4, from: { distribution: "uniform", low: 0, high: 1 } }, 30],
    noise: { examples: 20, from: { distribution: "normal", standardDeviation: 0.6 } },
    lossScale: 2,
  },
  { name: "quadratic", rotation: "none", noise: { examples: 8, from: { distribution: "laplace" } } },
  {
    name: "block-quadratic",
    blocks: [2, 3],
    spectra: [
      [1, 4],
      [2, 3, 50],
    ],
  },
  { name: "block-quadratic", blocks: [2, 4], conditionNumber: 30, lossScale: 0.25 },
  { name: "least-squares" },
  {
    name: "least-squares",
    data: { ...noisy, weights: [123, -200, 5], design: { distribution: "uniform", low: -100, high: 100 } },
    intercept: true,
  },
  { name: "least-squares", data: { ...noisy, noise: 0.5 }, ridge: 0.1, lossScale: 4 },
  { name: "least-squares", data: { ...noisy, examples: 3, noise: 1 } },
  {
    name: "least-squares",
    data: { ...noisy, outputs: 3, noise: 0.5 },
    intercept: "layer",
    ridge: 0.1,
  },
  { name: "least-squares", data: { ...noisy, outputs: 2, weights: [1, 2, 3, 4, 5, 6] } },
  { name: "logistic-regression" },
  { name: "logistic-regression", data: noisy, intercept: "layer" },
  { name: "logistic-regression", data: { ...noisy, examples: 200 }, ridge: 0, intercept: true, lossScale: 3 },
  { name: "absolute-loss" },
  { name: "absolute-loss", data: { ...noisy, noise: { distribution: "cauchy" } }, intercept: true, lossScale: 2 },
  { name: "huber" },
  { name: "huber", data: { ...noisy, noise: { distribution: "laplace", scale: 2 } }, threshold: 0.7, lossScale: 2 },
  { name: "robust-regression" },
  { name: "robust-regression", blocks: [1, 3], scale: 2, data: { ...noisy, noise: 0.3 }, lossScale: 2 },
  { name: "deep-linear" },
  { name: "test-function" },
  { name: "test-function", function: "beale", separate: true },
  { name: "test-function", function: "branin", start: [1, 2], lossScale: 2 },
  { name: "rayleigh-quotient" },
  { name: "rayleigh-quotient", dimension: 4, conditionNumber: 100, rotation: "none", start: { norm: 3 }, lossScale: 2 },
  { name: "deep-linear", dimensions: [3, 2, 4], examples: 7, lossScale: 2 },
];

/** Slack for rounding, relative to the numbers an inequality compares. */
const rounding = (...sizes: number[]) => 1e-11 * Math.max(1e-3, ...sizes.map(Math.abs));

function pointNear(center: Float64Array, seed: number): Float64Array {
  const stream = randomStream({ seed, name: "points" });
  const radius = 10 ** (2 * stream.uniform() - 1) * Math.max(1, float64.norm(center, 2));
  return center.map((entry) => entry + radius * stream.normal());
}

function forPairs(center: Float64Array, check: (x: Float64Array, y: Float64Array) => void): void {
  const seeds = fc.integer({ min: 0, max: 1e6 });
  fc.assert(
    fc.property(seeds, seeds, (a, b) => check(pointNear(center, a), pointNear(center, b))),
    { seed: 11, numRuns: 100 },
  );
}

test("every analytic problem is in the table", () => {
  const hostProblems = problems.filter(({ needsData }) => !needsData).map(({ name }) => name);
  expect(new Set(variants.map(({ name }) => name))).toEqual(new Set(hostProblems));
});

describe.each(variants.map((options) => ({ options, label: JSON.stringify(options) })))("$label", ({ options }) => {
  let problem: Problem;
  let f: ReturnType<typeof functionOf>;
  let center: Float64Array;
  beforeAll(async () => {
    problem = await makeProblem(options);
    f = functionOf(problem);
    center = f.optimum ?? f.start;
  });

  test("the gradient is that of the loss, by central differences", () => {
    for (let seed = 0; seed < 5; seed++) {
      const w = pointNear(center, seed);
      const { gradient, value } = f.at(w);
      const direction = pointNear(new Float64Array(w.length), seed + 100);
      const unit = float64.scale(1 / float64.norm(direction, 2), direction);
      const h = 1e-5 * Math.max(1, float64.norm(w, 2));
      const rise = f.at(float64.addScaled(w, h, unit)).value - f.at(float64.addScaled(w, -h, unit)).value;
      // Rounding of f, divided by h, and the third derivative, times h².
      const tolerance = 1e-6 * float64.norm(gradient, 2) + (1e-15 * Math.abs(value)) / h + 1e-9;
      expect(Math.abs(rise / (2 * h) - float64.dot(gradient, unit))).toBeLessThanOrEqual(tolerance);
    }
  });

  test("the optimum is one, and f* its value", () => {
    const { constants } = problem;
    const { optimum, optimalValue, gradientBound = 0, smoothness } = constants!;
    expect(constants!.infimum).toBeDefined();
    forPairs(center, (x) => {
      const { value } = f.at(x);
      expect(value).toBeGreaterThanOrEqual(constants!.infimum! - rounding(value));
    });
    if (!optimum) return;
    const { value, gradient } = f.at(f.optimum!);
    expect(value).toBe(optimalValue);
    // Where f has kinks, 0 is a subgradient though not the one f.at returns: see least-absolute-deviations.test.ts.
    if (smoothness === undefined) return;
    const scale = Math.max(1, gradientBound, smoothness * float64.norm(f.optimum!, 2));
    expect(float64.norm(gradient, 2)).toBeLessThanOrEqual(1e-10 * scale);
  });

  test("convexity, strong convexity, smoothness and the gradient bound hold between random points", () => {
    const { convex, strongConvexity = 0, smoothness, gradientBound } = problem.constants!;
    forPairs(center, (x, y) => {
      const [atX, atY] = [f.at(x), f.at(y)];
      const step = float64.subtract(y, x);
      const squared = float64.dot(step, step);
      const linear = atX.value + float64.dot(atX.gradient, step);
      const slack = rounding(atX.value, atY.value, linear, squared * (smoothness ?? 1));
      if (convex) expect(atY.value).toBeGreaterThanOrEqual(linear + (strongConvexity / 2) * squared - slack);
      if (smoothness !== undefined) {
        expect(Math.abs(atY.value - linear)).toBeLessThanOrEqual((smoothness / 2) * squared + slack);
      }
      if (gradientBound !== undefined) {
        expect(float64.norm(atX.gradient, 2)).toBeLessThanOrEqual(gradientBound * (1 + 1e-12));
      }
    });
  });

  test("mini-batches average to the full batch, and evaluations give the losses of batches to the bit", () => {
    const w = pointNear(center, 5);
    const { value, gradient } = f.at(w);
    if (problem.examples === undefined) return;
    const single = Array.from({ length: problem.examples }, (_, i) => f.at(w, Int32Array.of(i)));
    const meanValue = single.reduce((sum, at) => sum + at.value, 0) / single.length;
    const sum = single.reduce((total, at) => float64.add(total, at.gradient), float64.zerosLike(gradient));
    const difference = float64.addScaled(gradient, -1 / single.length, sum);
    expect(Math.abs(meanValue - value)).toBeLessThanOrEqual(rounding(value));
    expect(float64.norm(difference, 2)).toBeLessThanOrEqual(
      rounding(...single.map((at) => float64.norm(at.gradient, 2))),
    );
    const some = Int32Array.of(0, problem.examples - 1);
    expect(f.evaluate(w, "full")).toMatchObject({ loss: value, examples: problem.examples });
    expect(f.evaluate(w, some)).toMatchObject({ loss: f.at(w, some).value, examples: 2 });
    const shuffled = f.at(w, randomStream({ seed: 1, name: "order" }).permutation(problem.examples));
    expect(Math.abs(shuffled.value - value)).toBeLessThanOrEqual(rounding(value));
  });

  test("the same seed makes the same problem, and w_0 can be had twice", async () => {
    const again = functionOf(await makeProblem(options));
    expect(again.start).toEqual(f.start);
    expect(again.at(f.start)).toEqual(f.at(f.start));
    expect(float64.concatenate(f.objective.initialWeights())).toEqual(f.start);
  });

  test("a loss scale multiplies the loss, the gradient and the constants that have its unit", async () => {
    const scaled = await makeProblem({ ...options, lossScale: 4 * Number(options.lossScale ?? 1) });
    const g = functionOf(scaled);
    const w = pointNear(center, 3);
    expect(g.start).toEqual(f.start);
    expect(g.at(w).value).toBe(4 * f.at(w).value);
    expect(g.at(w).gradient).toEqual(float64.scale(4, f.at(w).gradient));
    expect(scaled.constants!.optimum).toEqual(problem.constants!.optimum);
    for (const name of ["smoothness", "strongConvexity", "gradientBound", "optimalValue", "infimum"] as const) {
      const constant = problem.constants![name];
      expect(scaled.constants![name]).toBe(constant === undefined ? undefined : 4 * constant);
    }
  });
});

const withoutChance = ["scalar", "test-function"];

test.each(
  problems.filter(({ name, needsData }) => !withoutChance.includes(name) && !needsData).map(({ name }) => name),
)("another seed makes another %s", async (name) => {
  const [one, two] = await Promise.all([1, 2].map(async (seed) => functionOf(await makeProblem({ name }, seed))));
  const w = float64.shift(float64.zerosLike(one!.start), 0.5);
  expect(two!.start).not.toEqual(one!.start);
  expect(two!.at(w).value).not.toBe(one!.at(w).value);
});
