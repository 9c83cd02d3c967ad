import fc from "fast-check";
import { Matrix as DenseMatrix, EigenvalueDecomposition } from "ml-matrix";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import type { ImageDataset } from "../../src/data/dataset.js";
import { loadMnist, mnist } from "../../src/data/mnist.js";
import { largestCurvatureBound } from "../../src/problems/largest-curvature.js";
import { softmaxRegression } from "../../src/problems/softmax-regression.js";
import { contextOf } from "./support.js";

const largestEigenvalue = (symmetric: DenseMatrix) =>
  Math.max(...new EigenvalueDecomposition(symmetric, { assumeSymmetric: true }).realEigenvalues);

/** λ_max(XᵀX)/n by the dense eigenvalue solver. */
const exact = (X: DenseMatrix) => largestEigenvalue(X.transpose().mmul(X).div(X.rows));

const bound = (X: DenseMatrix) => {
  const rows = [
    { rows: 1, columns: X.columns, entries: X.getRow(0) },
    { rows: X.rows - 1, columns: X.columns, entries: X.to1DArray().slice(X.columns) },
  ];
  return largestCurvatureBound(X.columns, () => rows);
};

const matrixOf = (rows: number, columns: number, entry: (i: number, j: number) => number) =>
  new DenseMatrix(Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => entry(i, j))));

describe("the bound of the largest curvature", () => {
  test("by hand", () => {
    // XᵀX/n = diag(9, 16)/2
    expect(
      bound(
        new DenseMatrix([
          [3, 0],
          [0, 4],
        ]),
      ),
    ).toBeCloseTo(8, 12);
    // Orthogonal rows of one length: the first step ends in its span, and so does each after it.
    expect(bound(DenseMatrix.eye(5, 5, 2))).toBeCloseTo(4 / 5, 12);
    expect(bound(DenseMatrix.zeros(3, 4))).toBe(0);
  });

  test("is never below the eigenvalue, and within nine digits of it in up to 100 columns", () => {
    const sizes = fc.integer({ min: 2, max: 30 });
    fc.assert(
      fc.property(
        sizes,
        sizes,
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (n, d, seed, mean) => {
          const stream = randomStream({ seed, name: "features" });
          const X = matrixOf(n, d, (_, j) => (j % 3) * (mean + stream.normal()));
          const [largest, found] = [exact(X), bound(X)];
          expect(found).toBeGreaterThanOrEqual(largest * (1 - 1e-14));
          expect(found).toBeLessThanOrEqual(largest * (1 + 1e-8));
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  test("holds where no eigenvalue dominates and the method is cut off, though it is not sharp", () => {
    const stream = randomStream({ seed: 1, name: "features" });
    const X = matrixOf(400, 150, () => stream.normal());
    const [largest, found] = [exact(X), bound(X)];
    expect(found).toBeGreaterThanOrEqual(largest);
    expect(found).toBeLessThan(20 * largest);
  });
});

/** Random images of a data set, as bytes. */
function randomDataset(size: number, classes: number, seed: number): ImageDataset {
  const stream = randomStream({ seed, name: "images" });
  const train = {
    size,
    pixels: Uint8Array.from({ length: size * 6 }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: size }, () => stream.integer(0, classes - 1)),
  };
  return { name: "random", height: 2, width: 3, channels: 1, classes, train, test: train, checksum: "", source: "" };
}

describe("L of softmax regression", () => {
  const smoothnessOf = async (dataset: ImageDataset, bias: boolean) => {
    const options = softmaxRegression.schema.parse({ name: "softmax-regression", bias });
    const problem = await softmaxRegression.create(options as never, { ...contextOf(1), dataset });
    return problem.constants!.smoothness!;
  };

  test("by hand: one white image and one black one, with a bias", async () => {
    const dataset = randomDataset(2, 2, 1);
    dataset.train.pixels.fill(255, 0, 6).fill(0, 6);
    // ZᵀZ/2 has ½ everywhere but 1 in its corner. On (1, …, 1, t): [[3, ½], [3, 1]] with eigenvalues 2 ± √(1 + 1.5)
    expect(await smoothnessOf(dataset, true)).toBeCloseTo((2 + Math.sqrt(2.5)) / 2, 10);
    // Without: a matrix of ½ alone, six by six.
    expect(await smoothnessOf(dataset, false)).toBeCloseTo(1.5, 10);
  });

  test("is multiplied with the loss, and found at the first question for it alone", async () => {
    const dataset = randomDataset(2, 2, 1);
    const options = softmaxRegression.schema.parse({ name: "softmax-regression", bias: false, lossScale: 8 });
    const { constants } = await softmaxRegression.create(options as never, { ...contextOf(1), dataset });
    // Had it been found already, the pixels of now would change nothing.
    dataset.train.pixels.fill(255, 0, 6).fill(0, 6);
    expect(constants!.smoothness).toBeCloseTo(8 * 1.5, 10);
    expect({ ...constants }).toMatchObject({ convex: true, infimum: 0 });
  });

  test("is at least the norm of the Hessian, wherever that is taken", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 4 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        async (size, classes, bias, seed, scale) => {
          const dataset = randomDataset(size, classes, seed);
          const stream = randomStream({ seed, name: "weights" });
          const columns = 6 + Number(bias);
          const Z = matrixOf(size, columns, (i, j) => (j < 6 ? dataset.train.pixels[i * 6 + j]! / 255 : 1));
          const W = matrixOf(columns, classes, () => scale * stream.normal());
          const norm = largestEigenvalue(hessianOf(Z, W));
          expect(norm).toBeLessThanOrEqual((await smoothnessOf(dataset, bias)) * (1 + 1e-6));
        },
      ),
      { seed: 3, numRuns: 60 },
    );
  });

  test("is attained in the limit: two classes at even odds on one example have the curvature ½‖z‖²", async () => {
    const dataset = randomDataset(1, 2, 8);
    const Z = matrixOf(1, 6, (_, j) => dataset.train.pixels[j]! / 255);
    const norm = largestEigenvalue(hessianOf(Z, DenseMatrix.zeros(6, 2)));
    expect(await smoothnessOf(dataset, false)).toBeCloseTo(norm, 6);
  });
});

const originals = process.env.MNIST_DIR;
if (!originals) console.log("MNIST_DIR is not set: L of the original MNIST is not checked");

test.skipIf(!originals)("on the original MNIST L is half of NumPy's largest eigenvalue of [X 1]ᵀ[X 1]/n", async () => {
  const dataset = await loadMnist(mnist.schema.parse({ name: "mnist" }), { announce: () => {} });
  const options = softmaxRegression.schema.parse({ name: "softmax-regression" });
  const { constants } = await softmaxRegression.create(options as never, { ...contextOf(1), dataset });
  expect(constants!.smoothness! / (39.01261738 / 2)).toBeCloseTo(1, 7);
});

/** mean_i z_iᵀz_i ⊗ (diag(p_i) − p_iᵀp_i), p_i = softmax(z_iW) */
function hessianOf(Z: DenseMatrix, W: DenseMatrix): DenseMatrix {
  const dimension = Z.columns * W.columns;
  const sum = DenseMatrix.zeros(dimension, dimension);
  for (let i = 0; i < Z.rows; i++) {
    const z = DenseMatrix.rowVector(Z.getRow(i));
    const logits = z.mmul(W).to1DArray();
    const powers = logits.map((logit) => Math.exp(logit - Math.max(...logits)));
    const total = powers.reduce((a, b) => a + b, 0);
    const p = DenseMatrix.rowVector(powers.map((power) => power / total));
    const S = DenseMatrix.diag(p.to1DArray()).sub(p.transpose().mmul(p));
    sum.add(z.transpose().mmul(z).kroneckerProduct(S));
  }
  return sum.div(Z.rows);
}
