import { Matrix as DenseMatrix, EigenvalueDecomposition } from "ml-matrix";
import type { Matrix } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";

/** Rows x_i of a matrix X, some at a time; gone through several times. */
export type RowBlocks = () => Iterable<Matrix<ArrayLike<number>>>;

/** Steps of the method at most: each goes through all examples once. */
const mostSteps = 100;

/** The bound is taken for sharp where it is so little above an eigenvalue, relative to it. */
const sharp = 1e-9;

/**
 * An upper bound of λ_max(XᵀX)/n, of X and n known by their rows alone; the eigenvalue itself, to nine digits, where one
 * dominates as in images, or where there are at most 100 columns.
 *
 * By the Lanczos method for A = XᵀX/n: with orthonormal columns V, VᵀAV = T is tridiagonal, and A couples V with its
 * complement by one number β alone. A's part C in the complement is positive semidefinite, so that
 * C ≼ τI with τ = tr C = tr A − tr T. Hence λ_max(A) is at most the largest eigenvalue of T bordered by β and τ.
 */
export function largestCurvatureBound(columns: number, rows: RowBlocks): number {
  const { trace, count } = traceOf(rows);
  const basis: Float64Array[] = [];
  const [diagonal, coupling]: [number[], number[]] = [[], []];
  let bound = trace;
  let next = unitVector(float64.shift(new Float64Array(columns), 1));
  while (basis.length < Math.min(columns, mostSteps)) {
    basis.push(next);
    const image = curvatureAlong(next, rows, count);
    diagonal.push(float64.dot(next, image));
    const rest = orthogonalTo(basis, image);
    const norm = float64.norm(rest, 2);
    // What rounding leaves of a vector within the span has no direction: another one goes on, coupled with nothing.
    const isEnd = norm <= 1e-12 * trace;
    coupling.push(isEnd ? 0 : norm);
    const remainder = Math.max(0, trace - float64.sum(Float64Array.from(diagonal)));
    const largest = largestOfTridiagonal(diagonal, coupling.slice(0, -1));
    bound = Math.min(bound, largestOfTridiagonal([...diagonal, remainder], coupling));
    if (bound <= largest * (1 + sharp) || remainder <= 1e-12 * trace) break;
    next = unitVector(isEnd ? axisOutside(basis, columns) : rest);
  }
  // Sums of so many products are off by no more.
  return bound * (1 + 4 * (count + columns) * Number.EPSILON);
}

/** tr XᵀX/n = mean_i ‖x_i‖₂², and n. */
function traceOf(rows: RowBlocks): { trace: number; count: number } {
  let [sum, count] = [0, 0];
  for (const { rows: height, entries } of rows()) {
    for (let i = 0; i < entries.length; i++) sum += entries[i]! ** 2;
    count += height;
  }
  return { trace: sum / count, count };
}

/** XᵀXv/n */
function curvatureAlong(v: Float64Array, rows: RowBlocks, count: number): Float64Array {
  const sum = new Float64Array(v.length);
  for (const { rows: height, columns, entries } of rows()) {
    for (let i = 0, offset = 0; i < height; i++, offset += columns) {
      let product = 0;
      for (let j = 0; j < columns; j++) product += entries[offset + j]! * v[j]!;
      for (let j = 0; j < columns; j++) sum[j]! += product * entries[offset + j]!;
    }
  }
  return float64.divideBy(sum, count);
}

const unitVector = (a: Float64Array): Float64Array => float64.divideBy(a, float64.norm(a, 2));

/** a without its part in the span of an orthonormal basis; twice, since rounding leaves some of it at the first time. */
function orthogonalTo(basis: readonly Float64Array[], a: Float64Array): Float64Array {
  return [...basis, ...basis].reduce((rest, v) => float64.addScaled(rest, -float64.dot(v, rest), v), a);
}

/** Of the coordinate axes the one that lies farthest outside the span, without its part in it. */
function axisOutside(basis: readonly Float64Array[], columns: number): Float64Array {
  const within = basis.reduce((sum, v) => float64.add(sum, float64.multiply(v, v)), new Float64Array(columns));
  const farthest = within.indexOf(Math.min(...within));
  return orthogonalTo(
    basis,
    within.map((_, j) => Number(j === farthest)),
  );
}

/** The largest eigenvalue of a symmetric tridiagonal matrix. */
function largestOfTridiagonal(diagonal: readonly number[], beside: readonly number[]): number {
  const T = DenseMatrix.diag([...diagonal]);
  for (const [i, entry] of beside.entries()) T.set(i, i + 1, entry).set(i + 1, i, entry);
  return Math.max(...new EigenvalueDecomposition(T, { assumeSymmetric: true }).realEigenvalues);
}
