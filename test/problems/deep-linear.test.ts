import { expect, test } from "vitest";
import { float64 } from "../../src/compute/float64.js";
import { deepLinear } from "../../src/problems/deep-linear.js";
import { functionOf, makeProblem } from "./support.js";

test("a product of two scalars by hand", async () => {
  const f = functionOf(await makeProblem({ name: "deep-linear", dimensions: [1, 1, 1], examples: 1 }));
  // f(u, v) = ½x²(vu − t)²: with u = 0 it is ½x²t² =: c, and f(1, v) = c(v/t − 1)²
  const c = f.at(Float64Array.of(0, 5)).value;
  const [one, two] = [f.at(Float64Array.of(1, 1)).value, f.at(Float64Array.of(1, -1)).value];
  // (1/t − 1)² c and (1/t + 1)² c: their difference is −4c/t, and at v = t the loss vanishes.
  const t = (4 * c) / (two - one);
  expect(f.at(Float64Array.of(1, t)).value).toBeLessThan(1e-28);
  expect(f.at(Float64Array.of(2, t / 2)).value).toBeLessThan(1e-28);
  // ∂f/∂v at (u, v) = (1, 0) is −x²t = −2c/t, and ∂f/∂u = 0 there
  const { gradient } = f.at(Float64Array.of(1, 0));
  expect(Math.abs(gradient[0]!)).toBe(0);
  expect(gradient[1]! / ((-2 * c) / t)).toBeCloseTo(1, 12);
});

test("gradient descent reaches the minimum 0, and no global smoothness is claimed", async () => {
  const problem = await makeProblem({ name: "deep-linear" });
  expect(problem.constants).toEqual({ convex: false, optimalValue: 0, infimum: 0 });
  expect(problem.layers.map(({ shape }) => shape)).toEqual([
    [4, 4],
    [4, 4],
    [4, 4],
  ]);
  const f = functionOf(problem);
  let w = f.start;
  for (let k = 0; k < 5000; k++) w = float64.addScaled(w, -0.05, f.at(w).gradient);
  expect(f.at(w).value).toBeLessThan(1e-3 * f.at(f.start).value);
});

test("a single layer is refused", () => {
  const result = deepLinear.schema.safeParse({ name: "deep-linear", dimensions: [3, 2] });
  expect(result.error?.issues[0]?.message).toMatch(/needs two or more layers/);
});
