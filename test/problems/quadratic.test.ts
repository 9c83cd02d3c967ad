import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { blockQuadratic } from "../../src/problems/block-quadratic.js";
import { quadratic } from "../../src/problems/quadratic.js";
import { haarRotation } from "../../src/problems/random-geometry.js";
import { spacedEigenvalues } from "../../src/problems/spectrum.js";
import { freshDirectory } from "../cli/tool.js";
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

/** H, column by column: the gradient's change along the unit vectors. */
function hessianOf(f: ReturnType<typeof functionOf>): Matrix {
  const { gradient } = f.at(new Float64Array(f.dimension));
  const columns = Array.from({ length: f.dimension }, (_, j) => {
    const unit = new Float64Array(f.dimension);
    unit[j] = 1;
    return Array.from(float64.subtract(f.at(unit).gradient, gradient));
  });
  return new Matrix(columns).transpose();
}

describe("a given rotation", () => {
  const options = { name: "quadratic", spectrum: [1, 26], optimum: "zero" };
  // Columns (0.6, 0.8) of 1 and (−0.8, 0.6) of 26: H = [[0.36 + 16.64, 0.48 − 12.48], [−12, 0.64 + 9.36]]
  const rotation = [
    [0.6, -0.8],
    [0.8, 0.6],
  ];
  const H = new Matrix([
    [17, -12],
    [-12, 10],
  ]);

  test("by hand, in the config and in a file", async () => {
    const inline = await makeProblem({ ...options, rotation });
    expect(Matrix.sub(hessianOf(functionOf(inline)), H).norm()).toBeLessThan(1e-14);
    expect(inline.checksum).toBeUndefined();
    const directory = freshDirectory();
    writeFileSync(join(directory, "rotation.json"), JSON.stringify(rotation));
    const read = await makeProblem({ ...options, rotation: { file: "rotation.json" } }, 7, directory);
    expect(functionOf(read).at(vector(1, 2))).toEqual(functionOf(inline).at(vector(1, 2)));
    writeFileSync(join(directory, "rotation.csv"), "0.6, -0.8\r\n0.8, 0.6\r\n");
    const table = await makeProblem({ ...options, rotation: { file: "rotation.csv" } }, 7, directory);
    expect(table.checksum).toBe(read.checksum);
    writeFileSync(join(directory, "rotation.json"), JSON.stringify([rotation[1], rotation[0]]));
    const other = await makeProblem({ ...options, rotation: { file: "rotation.json" } }, 7, directory);
    expect(read.checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(other.checksum).not.toBe(read.checksum);
    const blocks = { name: "block-quadratic", blocks: [1, 1], spectra: [[1], [26]], optimum: "zero", rotation };
    expect(Matrix.sub(hessianOf(functionOf(await makeProblem(blocks))), H).norm()).toBeLessThan(1e-14);
  });

  test("that is rounded to six digits becomes orthogonal, so that the spectrum is the one asked for", async () => {
    const [c, s] = [0.540302, 0.841471];
    const rounded = [
      [c, -s],
      [s, c],
    ];
    const eigenvalues = new EigenvalueDecomposition(
      hessianOf(functionOf(await makeProblem({ ...options, rotation: rounded }))),
    ).realEigenvalues;
    expect(Math.min(...eigenvalues)).toBeCloseTo(1, 13);
    expect(Math.max(...eigenvalues)).toBeCloseTo(26, 12);
  });

  test.each([
    [[[1, 0]], /problem\.rotation has 1 rows of 2 numbers; expected 2 of 2/],
    [
      [
        [1, 0],
        [0, 2],
      ],
      /problem\.rotation is not orthogonal: products of its columns are off by 3/,
    ],
    [{ file: "missing.json" }, /missing\.json does not exist: correct problem\.rotation\.file/],
    [{ file: "text.json" }, /text\.json is no matrix: .*array.* \(row 1\); give one row a line/],
    [{ file: "cell.csv" }, /cell\.csv is no matrix: .*number.* \(row 2, column 1\); give one row a line/],
  ])("%j is refused", async (given, message) => {
    const directory = freshDirectory();
    writeFileSync(join(directory, "text.json"), '["none"]');
    writeFileSync(join(directory, "cell.csv"), "1,0\n,1\n");
    const make = makeProblem({ ...options, rotation: given }, 7, directory);
    await expect((async () => make)()).rejects.toThrow(message);
  });
});

test("spectra block by block: each block has its own, and they are coupled only if that is asked for", async () => {
  const options = {
    name: "block-quadratic",
    blocks: [2, 3],
    spectra: [
      [1, 4],
      [2, 3, 50],
    ],
    optimum: "zero",
  };
  const H = hessianOf(functionOf(await makeProblem(options)));
  const first = new EigenvalueDecomposition(H.subMatrix(0, 1, 0, 1)).realEigenvalues.toSorted((a, b) => a - b);
  expect(first[0]).toBeCloseTo(1, 12);
  expect(first[1]).toBeCloseTo(4, 12);
  expect(H.subMatrix(2, 4, 2, 4).trace()).toBeCloseTo(55, 11);
  expect(H.subMatrix(0, 1, 2, 4).norm()).toBe(0);
  const coupled = hessianOf(functionOf(await makeProblem({ ...options, rotation: "random" })));
  expect(coupled.subMatrix(0, 1, 2, 4).norm()).toBeGreaterThan(0.1);
  expect(coupled.trace()).toBeCloseTo(60, 11);
  const axes = hessianOf(functionOf(await makeProblem({ ...options, rotation: "none" })));
  expect(axes.to2DArray()).toEqual(Matrix.diag([1, 4, 2, 3, 50]).to2DArray());
  await expect(makeProblem({ ...options, blocks: [3, 2] })).rejects.toThrow(
    /spectra have 2, 3 eigenvalues but the blocks 3, 2 weights/,
  );
});

test("drawn eigenvalues keep to their distributions, and the count is the dimension", async () => {
  const spectrum = [
    { count: 90, from: { distribution: "uniform", low: 0, high: 1 } },
    { count: 10, from: { distribution: "uniform", low: 30, high: 60 } },
  ];
  const problem = await makeProblem({ name: "quadratic", spectrum, rotation: "none", optimum: "zero" });
  const diagonal = hessianOf(functionOf(problem)).diagonal();
  expect(diagonal.slice(0, 90).every((entry) => entry > 0 && entry < 1)).toBe(true);
  expect(diagonal.slice(90).every((entry) => entry > 30 && entry < 60)).toBe(true);
  expect(new Set(diagonal).size).toBe(100);
  expect(problem.constants!.smoothness).toBe(Math.max(...diagonal));
  const negative = [{ count: 3, from: { distribution: "uniform", low: -2, high: -1 } }];
  await expect((async () => makeProblem({ name: "quadratic", spectrum: negative }))()).rejects.toThrow(
    /an eigenvalue of -1\.\d+ was drawn; expected positive ones/,
  );
});

test("a quadratic of noisy examples by hand", async () => {
  const options = {
    name: "quadratic",
    spectrum: [2, 6],
    rotation: "none",
    optimum: [1, -1],
    noise: { examples: 3, from: { distribution: "normal", standardDeviation: 0.5 } },
  };
  const problem = await makeProblem(options);
  const f = functionOf(problem);
  // The gradient of example i at 0 is −H·a_i, from which its optimum a_i follows.
  const targets = [0, 1, 2].map((i) => {
    const { gradient } = f.at(vector(0, 0), Int32Array.of(i));
    return [gradient[0]! / -2, gradient[1]! / -6] as const;
  });
  const mean = [0, 1].map((j) => targets.reduce((sum, target) => sum + target[j]!, 0) / 3);
  expect(Array.from(f.optimum!)).toEqual(mean.map((entry) => expect.closeTo(entry, 13)));
  expect(f.optimum).not.toEqual(vector(1, -1));
  // f* = mean_i ½(2(ā − a_i)₁² + 6(ā − a_i)₂²)
  const value = targets.reduce((sum, [a, b]) => sum + (mean[0]! - a) ** 2 + 3 * (mean[1]! - b) ** 2, 0) / 3;
  expect(problem.constants!.optimalValue).toBeCloseTo(value, 13);
  expect(problem.constants!.optimalValue).toBeGreaterThan(0);
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
