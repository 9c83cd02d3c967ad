import { Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { blockQuadratic } from "../../src/problems/block-quadratic.js";
import { quadratic } from "../../src/problems/quadratic.js";
import { haarRotation } from "../../src/problems/random-geometry.js";
import { spacedEigenvalues } from "../../src/problems/spectrum.js";
import { functionOf, makeProblem, vector } from "./support.js";

test("a diagonal quadratic by hand", async () => {
  const problem = await makeProblem({
    name: "quadratic",
    spectrum: [2, 6],
    rotation: "none",
    optimum: [1, -1],
    start: [3, 0],
  });
  const f = functionOf(problem);
  expect(f.start).toEqual(vector(3, 0));
  // w − w* = (2, 1); H(w − w*) = (4, 6); ½(2·4 + 1·6) = 7
  expect(f.at(f.start)).toEqual({ value: 7, gradient: vector(4, 6) });
  expect(problem.constants).toMatchObject({ smoothness: 6, strongConvexity: 2, optimalValue: 0, quadratic: true });
});

test("a rotated Hessian has the spectrum asked for", async () => {
  const spectrum = [0.5, 3, 3, 40];
  const f = functionOf(await makeProblem({ name: "quadratic", spectrum, optimum: "zero" }));
  // Column j of H is the gradient at the j-th unit vector.
  const columns = spectrum.map((_, j) => Array.from(f.at(vector(...spectrum.map((_, i) => Number(i === j)))).gradient));
  const H = new Matrix(columns);
  expect(H.isSymmetric()).toBe(true);
  expect(Matrix.sub(H, Matrix.diag(H.diagonal())).norm()).toBeGreaterThan(1);
  // tr H = Σλ, ‖H‖_F² = Σλ²
  expect(H.trace()).toBeCloseTo(46.5, 10);
  expect(H.norm("frobenius") ** 2).toBeCloseTo(0.25 + 9 + 9 + 1600, 9);
});

test("from the adversarial start the best step attains the rate of T4b", async () => {
  const options = { name: "quadratic", dimension: 5, conditionNumber: 10, optimum: "zero" };
  const f = functionOf(await makeProblem({ ...options, start: { distance: 3, direction: "adversarial" } }));
  const norm = float64.norm(f.start, 2);
  expect(norm).toBeCloseTo(3, 12);
  const { gradient } = f.at(f.start);
  // λ = c = 2√κ/(κ + 1) contracts by (κ − 1)/(κ + 1) = 9/11
  const learningRate = (2 * Math.sqrt(10)) / 11;
  const next = float64.addScaled(f.start, (-learningRate * norm) / float64.norm(gradient, 2), gradient);
  expect(float64.norm(next, 2) / norm).toBeCloseTo(9 / 11, 12);
});

test("starts and optima lie where the options say, and w* does not depend on the rotation", async () => {
  const options = { name: "quadratic", optimum: { norm: 4 }, start: { distance: 0.25 } };
  const f = functionOf(await makeProblem(options));
  expect(float64.norm(f.optimum!, 2)).toBeCloseTo(4, 12);
  expect(float64.norm(float64.subtract(f.start, f.optimum!), 2)).toBeCloseTo(0.25, 12);
  expect(functionOf(await makeProblem({ ...options, rotation: "none" })).optimum).toEqual(f.optimum);
});

test("eigenvalues are spaced as asked", () => {
  const spectrum = { dimension: 3, conditionNumber: 100, strongConvexity: 2 };
  expect(spacedEigenvalues({ ...spectrum, spacing: "linear" })).toEqual(vector(2, 101, 200));
  expect(spacedEigenvalues({ ...spectrum, spacing: "logarithmic" })).toEqual(vector(2, 20, 200));
  expect(spacedEigenvalues({ ...spectrum, dimension: 1, spacing: "linear" })).toEqual(vector(2));
});

test("rotations are orthogonal, and their entries have mean 0 and variance 1/dimension", () => {
  const stream = randomStream({ seed: 3, name: "rotation" });
  const rotations = Array.from({ length: 2000 }, () => haarRotation(3, stream));
  for (const Q of rotations.slice(0, 20)) {
    expect(Matrix.sub(Q.transpose().mmul(Q), Matrix.eye(3)).norm()).toBeLessThan(1e-14);
  }
  for (let i = 0; i < 9; i++) {
    const entries = rotations.map((Q) => Q.get(Math.floor(i / 3), i % 3));
    const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    // Standard deviations of the averages: √(1/3/2000) = 0.013 and √((1/5 − 1/9)/2000) = 0.0067
    expect(Math.abs(average(entries))).toBeLessThan(5 * 0.013);
    expect(Math.abs(average(entries.map((entry) => entry ** 2)) - 1 / 3)).toBeLessThan(5 * 0.0067);
  }
});

test("the blocks of a block quadratic are coupled", async () => {
  const problem = await makeProblem({ name: "block-quadratic", blocks: [2, 1], optimum: "zero" });
  expect(problem.layers).toEqual([
    { name: "block1", shape: [2] },
    { name: "block2", shape: [1] },
  ]);
  // The gradient of the first block at a point whose first block is 0
  const { gradients } = problem.onHost!(float64).lossAndGradients([vector(0, 0), vector(1)], "full");
  expect(float64.norm(gradients[0]!, 2)).toBeGreaterThan(0.1);
});

test.each([
  [{ dimension: 3, spectrum: [1, 2], start: [1, 1, 1] }, /spectrum has 2 entries but the problem has dimension 3/],
  [{ spectrum: [1, 2], conditionNumber: 2 }, /determines the condition number/],
  [{ spectrum: [1, 0] }, /eigenvalues must be positive/],
  [{ conditionNumber: 0.5 }, />=1/],
  [{ dimension: 1, conditionNumber: 2 }, /set conditionNumber to 1/],
  [{ dimension: 2, optimum: [1] }, /optimum has 1 entries/],
  [{ dimension: 2, start: [1, 2, 3] }, /start has 3 entries/],
  [{ optimum: { radius: 1 } }, /expected "zero", a list of numbers, or/],
  [{ start: { distance: 1, direction: "up" } }, /random.*adversarial/],
  [{ rotations: "none" }, /rotations/],
])("quadratic refuses %j", (options, message) => {
  const result = quadratic.schema.safeParse({ name: "quadratic", ...options });
  expect(result.error?.issues.map((issue) => issue.message).join("; ")).toMatch(message);
});

test("block-quadratic refuses a single block", () => {
  const result = blockQuadratic.schema.safeParse({ name: "block-quadratic", blocks: [4] });
  expect(result.error?.issues[0]?.message).toMatch(/use the problem quadratic/);
});
