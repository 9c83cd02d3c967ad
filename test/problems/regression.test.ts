import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { float64 } from "../../src/compute/float64.js";
import { robustRegression } from "../../src/problems/robust-regression.js";
import { functionOf, makeProblem, vector } from "./support.js";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "regression-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function fromCsv(text: string, options: { name: string; [option: string]: unknown }) {
  await writeFile(join(directory, "data.csv"), text);
  const { data, ...rest } = options;
  const source = { source: "csv", file: "data.csv", target: "y", ...(data as object | undefined) };
  return makeProblem({ ...rest, name: options.name, data: source }, 7, directory);
}

// Two examples: x = (1, 2) with y = 3, and x = (3, 1) with y = −1.
const two = "a,b,y\n1,2,3\n3,1,-1\n";

test("least squares by hand", async () => {
  const problem = await fromCsv(two, { name: "least-squares", ridge: 0.5 });
  // w = (1, 1): residuals (0, 5); (0 + 25)/4 + ½·½·2 = 6.75; ((3, 1)·5)/2 + ½(1, 1) = (8, 3)
  expect(functionOf(problem).at(vector(1, 1))).toEqual({ value: 6.75, gradient: vector(8, 3) });
  // XᵀX/2 = [[5, 2.5], [2.5, 2.5]]: eigenvalues 3.75 ± √(1.25² + 2.5²)
  const spread = Math.sqrt(1.25 ** 2 + 2.5 ** 2);
  expect(problem.constants!.smoothness).toBeCloseTo(3.75 + spread + 0.5, 13);
  expect(problem.constants!.strongConvexity).toBeCloseTo(3.75 - spread + 0.5, 13);
  // Without the ridge both are fitted exactly: (1, 2)·w = 3 and (3, 1)·w = −1 give w = (−1, 2).
  const exact = functionOf(await fromCsv(two, { name: "least-squares" })).optimum!;
  expect(exact[0]).toBeCloseTo(-1, 13);
  expect(exact[1]).toBeCloseTo(2, 13);
});

test("the columns of a file are in the order of the file, or as they are named; an intercept is a last one of ones", async () => {
  const data = { features: ["b", "a"] };
  // Rows (2, 1) and (1, 3); w = (1, 0): residuals (−1, 2); (1 + 4)/4; ((2, 1)(−1) + (1, 3)·2)/2
  const named = await fromCsv(two, { name: "least-squares", data });
  expect(functionOf(named).at(vector(1, 0))).toEqual({ value: 1.25, gradient: vector(0, 2.5) });
  // Rows (1, 2, 1) and (3, 1, 1); w = (1, 1, 1): residuals (1, 6); (1 + 36)/4; ((1, 2, 1) + (3, 1, 1)·6)/2
  const wider = await fromCsv(two, { name: "least-squares", intercept: true });
  expect(functionOf(wider).at(vector(1, 1, 1))).toEqual({ value: 9.25, gradient: vector(9.5, 4, 3.5) });
  // As generated: the last feature of every example is 1, so f(0, 0, b) = mean ½(b − y)² has the slope of the mean.
  const generated = await makeProblem({
    name: "least-squares",
    data: { source: "generated", examples: 5, weights: [0, 0, 3] },
    intercept: true,
  });
  expect(functionOf(generated).at(vector(0, 0, 4)).value).toBe(0.5);
});

test("least squares with several outputs by hand, from the columns of a file", async () => {
  const data = { target: ["y", "z"], features: ["a", "b"] };
  const text = "a,b,y,z\n1,2,3,0\n3,1,-1,1\n";
  const problem = await fromCsv(text, { name: "least-squares", ridge: 0.5, data });
  expect(problem).toMatchObject({ layers: [{ name: "w", shape: [2, 2] }], examples: 2 });
  // W = [[1, 0], [1, 1]]: XW = [[3, 2], [4, 1]], residuals R = [[0, 2], [5, 0]]; (4 + 25)/4 + ¼·3 = 8
  // XᵀR/2 = [[1·0 + 3·5, 1·2], [2·0 + 1·5, 2·2]]/2 = [[7.5, 1], [2.5, 2]], and ½W
  expect(functionOf(problem).at(vector(1, 0, 1, 1))).toEqual({ value: 8, gradient: vector(8, 1, 3, 2.5) });
  // Its Hessian is that of one output, twice.
  const { smoothness, strongConvexity } = (await fromCsv(two, { name: "least-squares", ridge: 0.5 })).constants!;
  expect(problem.constants).toMatchObject({ smoothness, strongConvexity });
  // Each output is a regression of its own, and f* the sum of theirs.
  const [y, z] = await Promise.all(
    ["y", "z"].map((target) => fromCsv(text, { name: "least-squares", ridge: 0.5, data: { ...data, target } })),
  );
  const [ofY, ofZ] = [functionOf(y!).optimum!, functionOf(z!).optimum!];
  const both = functionOf(problem).optimum!;
  expect(float64.norm(float64.subtract(both, vector(ofY[0]!, ofZ[0]!, ofY[1]!, ofZ[1]!)), 2)).toBeLessThan(1e-14);
  expect(problem.constants!.optimalValue).toBeCloseTo(y!.constants!.optimalValue! + z!.constants!.optimalValue!, 14);
});

test("an intercept that is a layer of its own", async () => {
  for (const name of ["least-squares", "logistic-regression", "huber", "absolute-loss"]) {
    const text = "a,b,y\n1,2,1\n3,1,-1\n2,-1,1\n-1,4,-1\n";
    const [joint, apart] = [
      await fromCsv(text, { name, intercept: true }),
      await fromCsv(text, { name, intercept: "layer" }),
    ];
    expect(apart.layers).toEqual([
      { name: "w", shape: [2] },
      { name: "intercept", shape: [1] },
    ]);
    expect(functionOf(apart).at(vector(1, 2, 3))).toEqual(functionOf(joint).at(vector(1, 2, 3)));
    expect(functionOf(apart).optimum).toEqual(functionOf(joint).optimum);
    if (name === "logistic-regression") {
      expect(apart.constants!.optimumSource).toMatch(/^Newton, /);
      expect(float64.norm(functionOf(apart).at(functionOf(apart).optimum!).gradient, 2)).toBeLessThan(1e-14);
    }
  }
  const several = await fromCsv("a,y,z\n1,3,2\n2,5,0\n", {
    name: "least-squares",
    data: { target: ["y", "z"] },
    intercept: "layer",
  });
  expect(several.layers).toEqual([
    { name: "w", shape: [1, 2] },
    { name: "intercept", shape: [2] },
  ]);
  // y = 2a + 1 and z = −2a + 4
  const optimum = functionOf(several).optimum!;
  expect(float64.norm(float64.subtract(optimum, vector(2, -2, 1, 4)), 2)).toBeLessThan(1e-13);
  await expect(fromCsv("y\n1\n", { name: "least-squares", intercept: "layer" })).rejects.toThrow(
    /intercept: "layer" leaves no feature/,
  );
  const uneven = { source: "generated", weights: [1, 2, 3], outputs: 2 };
  await expect(makeProblem({ name: "least-squares", data: uneven })).rejects.toThrow(/for each of 2 outputs/);
});

test("absolute, Huber and Geman–McClure losses by hand", async () => {
  const w = vector(1, 1);
  const absolute = await fromCsv(two, { name: "absolute-loss" });
  // residuals (0, 5): 5/2; (3, 1)·sign(5)/2
  expect(functionOf(absolute).at(w)).toEqual({ value: 2.5, gradient: vector(1.5, 0.5) });
  expect(absolute.constants!.gradientBound).toBeCloseTo((Math.sqrt(5) + Math.sqrt(10)) / 2, 13);
  // residuals (−6, −3) at w = (−1, −1), δ = 4: (4(6 − 2) + ½·9)/2 = 10.25; ((1, 2)(−4) + (3, 1)(−3))/2
  const huber = await fromCsv(two, { name: "huber", threshold: 4 });
  expect(functionOf(huber).at(vector(-1, -1))).toEqual({ value: 10.25, gradient: vector(-6.5, -5.5) });
});

test("the Geman–McClure loss by hand", async () => {
  const data = { source: "generated", examples: 1, weights: [2], design: { distribution: "normal" } };
  const problem = await makeProblem({ name: "robust-regression", data, blocks: [1], intercept: true, scale: 2 });
  const f = functionOf(problem);
  // One example, x = 1 and y = 2; r = 2 at w = 4: ½·4/(1 + 1) = 1; 2/(1 + 1)² = ½
  expect(f.at(vector(4))).toEqual({ value: 1, gradient: vector(0.5) });
  // The slope is largest at r = c/√3: (2/√3)/(1 + 1/3)² = 1.125/√3; L = ℓ''(0) = 1
  expect(f.at(vector(2 + 2 / Math.sqrt(3))).gradient[0]).toBeCloseTo(1.125 / Math.sqrt(3), 14);
  expect(problem.constants!.gradientBound).toBeCloseTo(1.125 / Math.sqrt(3), 14);
  expect(problem.constants!.smoothness).toBe(1);
});

test("logistic regression by hand, labels 0 and 1", async () => {
  const problem = await fromCsv("x,y\n1,1\n2,0\n", { name: "logistic-regression", ridge: 2 });
  const f = functionOf(problem);
  // At 0 every probability is ½: log 2; (−½·1 + ½·2)/2 = ¼
  expect(f.at(vector(0))).toEqual({ value: Math.log(2), gradient: vector(0.25) });
  // L = (1 + 4)/2/4 + 2
  expect(problem.constants).toMatchObject({ smoothness: 2.625, strongConvexity: 2 });
  const { accuracy } = f.objective.lossAndGradients([vector(3)], "full");
  expect(accuracy).toBe(0.5);
});

test("separable classes have no minimiser without a ridge", async () => {
  for (const text of ["x,y\n1,1\n2,1\n-1,-1\n", "x,z,y\n1,0,1\n1,0,-1\n0,1,1\n"]) {
    const make = fromCsv(text, { name: "logistic-regression", ridge: 0 });
    await expect(make).rejects.toThrow(/separates the two classes; set problem.ridge/);
  }
  expect((await fromCsv("x,y\n1,1\n2,1\n-1,-1\n", { name: "logistic-regression" })).constants!.optimum).toBeDefined();
});

test("an intercept is a last feature of ones, and toy targets are fitted exactly", async () => {
  const data = {
    source: "generated",
    weights: [123, -200, 5],
    design: { distribution: "uniform", low: -100, high: 100 },
  };
  const problem = await makeProblem({ name: "least-squares", data, intercept: true });
  expect(problem.constants).toMatchObject({ optimum: [vector(123, -200, 5)], optimalValue: 0 });
  // Only an intercept's slope does not depend on the features: at w* + (0, 0, 1) the last gradient entry is 1.
  expect(functionOf(problem).at(vector(123, -200, 6)).gradient[2]).toBeCloseTo(1, 9);
});

test("columns can be chosen, and blank lines and quotes are no obstacle", async () => {
  const text = 'id,"x, scaled",y\n\n7,"2",4\n8,1,2\n';
  const problem = await fromCsv(text, { name: "least-squares", data: { features: ["x, scaled"] } });
  expect(functionOf(problem).optimum![0]).toBeCloseTo(2, 13);
});

test("more weights than examples: no strong convexity is claimed, and w* is the solution of least norm", async () => {
  const problem = await fromCsv("a,b,y\n3,4,10\n", { name: "least-squares" });
  expect(problem.constants!.strongConvexity).toBeUndefined();
  // (3, 4)·10/25
  const optimum = functionOf(problem).optimum!;
  expect(float64.norm(float64.subtract(optimum, vector(1.2, 1.6)), 2)).toBeLessThan(1e-14);
});

test.each([
  ["a,y\n1,2\n3,n/a\n", {}, /data\.csv:3, column "y": expected a finite number, found "n\/a"/],
  ["a,y\n1,2\n,4\n", {}, /data\.csv:3, column "a": expected a finite number, found ""/],
  ["a,y\n1,2\n1\n", {}, /data\.csv is not a valid CSV file: .*line 3/],
  ["a,z\n1,2\n", {}, /has no column "y"; its first line names a, z: correct/],
  ["a,y\n", {}, /holds no examples/],
  ["a,a,y\n1,2,3\n", {}, /has several columns "a"; give each a name of its own$/],
  [",a,y\n0,1,2\n", {}, /: column 1 has no name; give it one, or name the features/],
  ["y\n1\n", {}, /no feature column besides the target/],
  ["a,y\n1,2\n", { file: "missing.csv" }, /missing\.csv does not exist: correct problem\.data\.file/],
])("a bad file is named with the place: %j", async (text, data, message) => {
  const failure = await fromCsv(text, { name: "least-squares", data }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ExperimentError);
  expect((failure as ExperimentError).message).toMatch(message);
});

test("a label that is none, a start of the wrong length and a distance from an unknown optimum are refused", async () => {
  await expect(fromCsv("a,y\n1,2\n", { name: "logistic-regression" })).rejects.toThrow(/label 2 of example 1/);
  await expect(fromCsv(two, { name: "huber", start: [1] })).rejects.toThrow(/start has 1 entries .* 2 weights/);
  const tied = "a,b,y\n1,1,1\n2,2,5\n3,3,2\n";
  await expect(fromCsv(tied, { name: "absolute-loss", start: { distance: 1 } })).rejects.toThrow(/not known here/);
  const blocks = robustRegression.schema.safeParse({ name: "robust-regression", blocks: [4] });
  expect(blocks.error?.issues[0]?.message).toMatch(/the blocks hold 4 weights but data.weights has 10/);
});
