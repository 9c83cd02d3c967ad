import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { functionOf, makeProblem, vector } from "./support.js";

const plane = { name: "rayleigh-quotient", dimension: 2, conditionNumber: 3, rotation: "none" };

test("by hand: H = diag(1, 3) at (3, 4)", async () => {
  // ½(9 + 3·16)/25 = 1.14; ∇f = (Hw − 2f·w)/‖w‖² = ((3, 12) − 2.28·(3, 4))/25 = (−3.84, 2.88)/25
  const { value, gradient } = functionOf(await makeProblem(plane)).at(vector(3, 4));
  expect(value).toBeCloseTo(1.14, 14);
  expect(gradient[0]).toBeCloseTo(-0.1536, 14);
  expect(gradient[1]).toBeCloseTo(0.1152, 14);
});

test("the loss does not depend on the length of the weights, and the gradient falls with it", async () => {
  const problem = await makeProblem({ name: "rayleigh-quotient" });
  expect(problem.constants).toMatchObject({ scaleInvariant: true, convex: false, optimalValue: 0.5 });
  const f = functionOf(problem);
  const [near, far] = [f.at(f.start), f.at(float64.scale(8, f.start))];
  expect(far.value).toBe(near.value);
  expect(Array.from(far.gradient, (x) => 8 * x)).toEqual(Array.from(near.gradient));
});

test("the gradient is at right angles to the weights, next to an eigenvector too", async () => {
  const f = functionOf(await makeProblem(plane));
  for (const slope of [1, 1e-4, 1e-8, 1e-12]) {
    const w = vector(1, slope);
    const { gradient } = f.at(w);
    const length = float64.norm(gradient, 2);
    expect(length / slope).toBeCloseTo(2 / (1 + slope ** 2) ** 1.5, 3);
    expect(Math.abs(float64.dot(w, gradient))).toBeLessThan(1e-15 * length);
  }
  const g = functionOf(await makeProblem({ name: "rayleigh-quotient" }));
  const stream = randomStream({ seed: 3, name: "points" });
  for (let i = 0; i < 20; i++) {
    const w = Float64Array.from({ length: 10 }, () => stream.normal());
    const { gradient } = g.at(w);
    expect(Math.abs(float64.dot(w, gradient))).toBeLessThan(1e-15 * float64.norm(w, 2) * float64.norm(gradient, 2) * 4);
  }
});

test("its minimum is attained along the eigenvector of the smallest eigenvalue", async () => {
  const f = functionOf(await makeProblem({ ...plane, strongConvexity: 4 }));
  expect(f.at(vector(-7, 0))).toEqual({ value: 2, gradient: vector(0, 0) });
});
