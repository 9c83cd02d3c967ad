import { Matrix as DenseMatrix, inverse } from "ml-matrix";
import { float64 } from "../compute/float64.js";
import { solveLeastSquares } from "./least-squares-solution.js";
import type { Examples } from "./linear-model.js";

export interface AbsoluteOptimum {
  readonly optimum: Float64Array;
  /**
   * The largest |s_j| of the certificate: 0 = Σ_{i∉B} sign(r_i)x_i + Σ_{j∈B} s_j x_j over the rows B that are fitted
   * exactly. At most 1: then 0 is a subgradient, and w is a minimiser.
   */
  readonly multiplier: number;
}

/**
 * Minimises Σ_i |x_i·w − y_i|. A minimiser is found among the points that fit d independent rows exactly: descend
 * along the edge that leaves one of them, by an exact line search that ends where another row is fitted, until no edge
 * descends (Barrodale and Roberts, 1973).
 *
 * @returns undefined where the features do not have full column rank, or ties keep the descent from ending
 */
export function leastAbsoluteDeviations(examples: Examples): AbsoluteOptimum | undefined {
  const { features, targets } = examples;
  const basis = startingBasis(examples);
  if (!basis) return undefined;
  const maximumSteps = 50 * features.rows;
  for (let step = 0; step < maximumSteps; step++) {
    const B = new DenseMatrix(basis.map((row) => Array.from(rowOf(examples, row))));
    const inverseOfB = inverse(B);
    const w = product(
      inverseOfB,
      basis.map((row) => targets[row]!),
    );
    const residuals = float64.subtract(float64.multiplyMatrix(features, w), targets);
    // Zero by the choice of w, up to rounding.
    for (const row of basis) residuals[row] = 0;
    const slopes = float64.multiplyTransposed(features, float64.sign(residuals));
    const multipliers = product(
      inverseOfB.transpose(),
      Array.from(slopes, (slope) => -slope),
    );
    const multiplier = float64.norm(multipliers, "infinity");
    // Rows that are independent on paper alone.
    if (!Number.isFinite(multiplier)) return undefined;
    if (multiplier <= 1 + 1e-12) return { optimum: w, multiplier };
    const leaving = multipliers.findIndex((entry) => Math.abs(entry) === multiplier);
    const edge = float64.scale(Math.sign(multipliers[leaving]!), Float64Array.from(inverseOfB.getColumn(leaving)));
    const entering = endOfDescent(residuals, float64.multiplyMatrix(features, edge), 1 - multiplier, basis);
    if (entering === undefined) return undefined;
    basis[leaving] = entering;
  }
  return undefined;
}

/**
 * The row fitted at the minimum of t ↦ Σ_i |r_i + t·c_i| over t > 0: the breakpoint at which the slope turns positive.
 *
 * @param slope at t = 0
 */
function endOfDescent(residuals: Float64Array, changes: Float64Array, slope: number, basis: readonly number[]) {
  const breakpoints = Array.from(residuals, (residual, row) => ({ row, time: -residual / changes[row]! }))
    .filter(({ row, time }) => time > 0 && Number.isFinite(time) && !basis.includes(row))
    .sort((a, b) => a.time - b.time);
  let current = slope;
  return breakpoints.find(({ row }) => {
    current += 2 * Math.abs(changes[row]!);
    return current >= 0;
  })?.row;
}

/** d independent rows (by Gram–Schmidt), preferring those the least-squares solution fits best. */
function startingBasis(examples: Examples): number[] | undefined {
  const { features, targets } = examples;
  const { optimum } = solveLeastSquares(examples, 0);
  const misfit = float64.absolute(float64.subtract(float64.multiplyMatrix(features, optimum), targets));
  const order = Array.from(misfit.keys()).sort((a, b) => misfit[a]! - misfit[b]!);
  const basis: number[] = [];
  const orthonormal: Float64Array[] = [];
  for (const row of order) {
    if (basis.length === features.columns) break;
    const x = rowOf(examples, row);
    const rest = orthonormal.reduce((sum, q) => float64.addScaled(sum, -float64.dot(q, sum), q), x);
    const norm = float64.norm(rest, 2);
    if (norm <= 1e-8 * float64.norm(x, 2)) continue;
    basis.push(row);
    orthonormal.push(float64.scale(1 / norm, rest));
  }
  return basis.length === features.columns ? basis : undefined;
}

function rowOf({ features: { columns, entries } }: Examples, row: number): Float64Array {
  return entries.subarray(row * columns, (row + 1) * columns);
}

function product(matrix: DenseMatrix, vector: readonly number[]): Float64Array {
  return Float64Array.from(matrix.mmul(DenseMatrix.columnVector([...vector])).to1DArray());
}
