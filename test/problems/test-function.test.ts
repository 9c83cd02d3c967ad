import { expect, test } from "vitest";
import { float64 } from "../../src/compute/float64.js";
import { testFunction } from "../../src/problems/test-function.js";
import { twoDimensionalFunctions } from "../../src/problems/two-dimensional-functions.js";
import { functionOf, makeProblem, vector } from "./support.js";

const at = async (name: string, x: number, y: number) =>
  functionOf(await makeProblem({ name: "test-function", function: name })).at(vector(x, y));

test("by hand", async () => {
  // (1 − 2)² + 100(3 − 4)² = 101; (−2(1 − 2) − 400·2·(3 − 4), 200(3 − 4)) → (2 + 800, −200)
  expect(await at("rosenbrock", 2, 3)).toEqual({ value: 101, gradient: vector(802, -200) });
  // x = 1, y = 2: residuals 1.5 + 1, 2.25 + 3, 2.625 + 7: 6.25 + 27.5625 + 92.640625
  // ∂x: 2(2.5·1 + 5.25·3 + 9.625·7); ∂y: 2(2.5·1 + 5.25·4 + 9.625·12)
  expect(await at("beale", 1, 2)).toEqual({ value: 126.453125, gradient: vector(171.25, 278) });
  // At (0, 6) the square vanishes and cos x = 1: 20 − 10/8π; ∂x = 0·c − 10(1 − t)·0, ∂y = 0
  const { value, gradient } = await at("branin", 0, 6);
  expect(value).toBeCloseTo(20 - 10 / (8 * Math.PI), 13);
  expect(float64.norm(gradient, 2)).toBeLessThan(1e-14);
});

test.each(Object.entries(twoDimensionalFunctions))(
  "the minimisers of %s are ones, and have the value of its minimum",
  async (name, f) => {
    for (const [x, y] of f.minimisers) {
      const { value, gradient } = await at(name, x, y);
      expect(value).toBeCloseTo(f.minimum, 13);
      expect(float64.norm(gradient, 2)).toBeLessThan(1e-13);
      for (const [dx, dy] of [
        [1, 0],
        [0, 1],
        [1, 1],
        [1, -1],
      ] as const) {
        for (const h of [1e-3, -1e-3]) expect((await at(name, x + h * dx, y + h * dy)).value).toBeGreaterThan(value);
      }
    }
    const landscape = testFunction.landscape!({
      name: "test-function",
      function: name as never,
      separate: false,
      lossScale: 2,
    })!;
    const [x, y] = [Float64Array.of(0.3, -1), Float64Array.of(2, 0.5)];
    const expected = [(await at(name, 0.3, 2)).value, (await at(name, -1, 0.5)).value];
    expect(Array.from(landscape.values(x, y))).toEqual(expected.map((value) => 2 * value));
  },
);

test("Branin's minimisers are the published ones", () => {
  const { minimum, minimisers } = twoDimensionalFunctions.branin;
  expect(minimum.toFixed(6)).toBe("0.397887");
  const rounded = minimisers.map(([x, y]) => `${x.toFixed(5)}, ${y.toFixed(3)}`);
  expect(rounded).toEqual(["-3.14159, 12.275", "3.14159, 2.275", "9.42478, 2.475"]);
});

test("x and y are one layer or two", async () => {
  const [joint, apart] = await Promise.all(
    [false, true].map((separate) => makeProblem({ name: "test-function", separate })),
  );
  expect([joint!.layers.length, apart!.layers.length]).toEqual([1, 2]);
  expect(functionOf(apart!).at(vector(0.2, 0.3))).toEqual(functionOf(joint!).at(vector(0.2, 0.3)));
  expect(functionOf(joint!).start).toEqual(vector(-0.5, 1.5));
});
