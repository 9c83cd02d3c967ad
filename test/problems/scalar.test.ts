import { expect, test } from "vitest";
import { functionOf, makeProblem, vector } from "./support.js";

test("a quadratic by hand", async () => {
  const problem = await makeProblem({ name: "scalar", target: 2, curvature: 3, start: 6, lossScale: 0.5 });
  const f = functionOf(problem);
  // ½·3·½·(6 − 2)² = 12; 3·½·(6 − 2) = 6
  expect(f.at(f.start)).toEqual({ value: 12, gradient: vector(6) });
  expect(problem.examples).toBeUndefined();
  expect(problem.constants).toEqual({
    convex: true,
    quadratic: true,
    smoothness: 1.5,
    strongConvexity: 1.5,
    optimum: [vector(2)],
    optimalValue: 0,
    infimum: 0,
    optimumSource: "by construction",
  });
});

test("an absolute value by hand, its subgradient 0 at the kink", async () => {
  const problem = await makeProblem({ name: "scalar", loss: "absolute", target: -1, curvature: 4 });
  const f = functionOf(problem);
  expect(f.at(vector(2))).toEqual({ value: 12, gradient: vector(4) });
  expect(f.at(vector(-3))).toEqual({ value: 8, gradient: vector(-4) });
  expect(f.at(vector(-1))).toEqual({ value: 0, gradient: vector(0) });
  expect(problem.constants!.gradientBound).toBe(4);
});

test("several targets: mean and median by hand", async () => {
  const problem = await makeProblem({ name: "scalar", target: [1, 2, 9] });
  const f = functionOf(problem);
  expect(problem.examples).toBe(3);
  // mean 4; f(4) = (9 + 4 + 25)/6
  expect(problem.constants).toMatchObject({ optimum: [vector(4)], reference: { mean: 4, median: 2 } });
  expect(problem.constants!.optimalValue).toBeCloseTo(38 / 6, 14);
  // The batch {9, 1} at w = 3: (36 + 4)/4 = 10; (−6 + 2)/2 = −2
  expect(f.at(vector(3), Int32Array.of(2, 0))).toEqual({ value: 10, gradient: vector(-2) });

  const absolute = await makeProblem({ name: "scalar", target: [1, 2, 9], loss: "absolute" });
  // f(2) = (1 + 0 + 7)/3
  expect(absolute.constants).toMatchObject({ optimum: [vector(2)], gradientBound: 1 });
  expect(absolute.constants!.optimalValue).toBeCloseTo(8 / 3, 14);
});

test("targets drawn from a lognormal have their median near 1 and their mean near e^½", async () => {
  const target = { count: 20_000, from: { distribution: "lognormal" } };
  const { mean, median } = (await makeProblem({ name: "scalar", target })).constants!.reference!;
  // Standard deviations: √((e − 1)e/20000) = 0.0153 and √(π/2/20000) = 0.0089
  expect(Math.abs(mean! - Math.exp(0.5))).toBeLessThan(5 * 0.0153);
  expect(Math.abs(median! - 1)).toBeLessThan(5 * 0.0089);
  expect((await makeProblem({ name: "scalar", target }, 8)).constants!.reference!.mean).not.toBe(mean);
});
