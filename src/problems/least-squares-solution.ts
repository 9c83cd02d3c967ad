import { Matrix as DenseMatrix, EigenvalueDecomposition, SingularValueDecomposition } from "ml-matrix";
import type { Matrix } from "../compute/algebra.js";
import { type Examples, outputsOf } from "./linear-model.js";

export function toDense({ rows, columns, entries }: Matrix<Float64Array>): DenseMatrix {
  return DenseMatrix.from1DArray(rows, columns, entries);
}

export interface LeastSquaresSolution {
  /** The minimiser of (1/2n)‖XW − Y‖_F² + (ridge/2)‖W‖_F², row by row; of several, the one of least norm. */
  readonly optimum: Float64Array;
  /** Extreme eigenvalues of XᵀX/n; the smallest is 0 where X is rank-deficient in float64. */
  readonly smallest: number;
  readonly largest: number;
}

/** By the singular value decomposition X = UΣVᵀ: W = V(Σ² + n·ridge)⁻¹ΣUᵀY. */
export function solveLeastSquares(examples: Examples, ridge: number): LeastSquaresSolution {
  const { features, targets } = examples;
  const { rows, columns } = features;
  const Y = DenseMatrix.from1DArray(rows, outputsOf(examples), targets);
  const decomposition = new SingularValueDecomposition(toDense(features), { autoTranspose: true });
  const singular = decomposition.diagonal;
  const largest = singular[0] ?? 0;
  const negligible = Math.max(rows, columns) * Number.EPSILON * largest;
  const projected = decomposition.leftSingularVectors.transpose().mmul(Y);
  const coordinates = singular.map((sigma, k) =>
    projected.getRow(k).map((entry) => (sigma <= negligible ? 0 : (entry * sigma) / (sigma * sigma + rows * ridge))),
  );
  const optimum = decomposition.rightSingularVectors.mmul(new DenseMatrix(coordinates));
  const smallest = rows < columns ? 0 : (singular.at(-1) ?? 0);
  return {
    optimum: Float64Array.from(optimum.to1DArray()),
    smallest: smallest <= negligible ? 0 : smallest ** 2 / rows,
    largest: largest ** 2 / rows,
  };
}

/** λ_max(XᵀX)/n: the largest curvature of mean_i ½(x_i·w)². */
export function largestCurvature(features: Matrix<Float64Array>): number {
  const X = toDense(features);
  const { realEigenvalues } = new EigenvalueDecomposition(X.transpose().mmul(X), { assumeSymmetric: true });
  return Math.max(...realEigenvalues) / features.rows;
}
