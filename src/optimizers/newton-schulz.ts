import { z } from "zod";
import { type Matrix, type RuleAlgebra, smallestNormal } from "../compute/algebra.js";

/** a, b and c of p(s) = as + bs³ + cs⁵, chosen by Jordan for its slope at 0. */
const jordan = [3.4445, -4.775, 2.0315];

/**
 * The largest value of p on [0, 1], at s = 0.5545: p maps [0, 1.2025] into itself, so that no number of iterations leads
 * above it.
 */
export const largestSingularValue = 1.2025;

/** The options of the Newton–Schulz iteration. */
export const newtonSchulzFields = {
  coefficients: z
    .array(z.number())
    .length(3)
    .default(jordan)
    .describe("a, b, c of the polynomial p(s) = as + bs³ + cs⁵ that is applied to the singular values"),
  iterations: z.int().positive().default(5).describe("how often the polynomial is applied"),
};

export interface NewtonSchulzOptions {
  readonly coefficients: readonly number[];
  readonly iterations: number;
}

export const hasDefaultCoefficients = ({ coefficients }: NewtonSchulzOptions): boolean =>
  coefficients.every((coefficient, i) => coefficient === jordan[i]);

/** A layer as a matrix whose columns are its neurons; of one axis: a single column. */
export function matrixShape(shape: readonly number[]): { rows: number; columns: number } {
  if (shape.length < 2) return { rows: shape[0] ?? 1, columns: 1 };
  return { rows: shape.slice(0, -1).reduce((product, size) => product * size, 1), columns: shape.at(-1)! };
}

/** a·1 + b·G + c·G² */
function polynomialOf<V, S>(algebra: RuleAlgebra<V, S>, [a, b, c]: readonly number[], gram: Matrix<V>): Matrix<V> {
  const { rows: n } = gram;
  const diagonal = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? a! : 0));
  const linear = algebra.addScaled(algebra.vector(diagonal, [n, n]), algebra.scalar(b!), gram.entries);
  const square = algebra.multiplyMatrices(gram, gram);
  return { rows: n, columns: n, entries: algebra.addScaled(linear, algebra.scalar(c!), square.entries) };
}

/** X·p(XᵀX)/X, or p(XXᵀ)·X where that product is the smaller one. */
function iterate<V, S>(algebra: RuleAlgebra<V, S>, coefficients: readonly number[], x: Matrix<V>): Matrix<V> {
  const transposed = algebra.transpose(x);
  if (x.columns <= x.rows) {
    const gram = algebra.multiplyMatrices(transposed, x);
    return algebra.multiplyMatrices(x, polynomialOf(algebra, coefficients, gram));
  }
  const gram = algebra.multiplyMatrices(x, transposed);
  return algebra.multiplyMatrices(polynomialOf(algebra, coefficients, gram), x);
}

/** The polynomial applied to a number of length 1 and more times: what becomes of a vector's only singular value. */
function iterateNumber<V, S>(algebra: RuleAlgebra<V, S>, [a, b, c]: readonly number[], s: S): S {
  const { scalar, plus, times } = algebra;
  const square = times(s, s);
  return times(s, plus(scalar(a!), times(square, plus(scalar(b!), times(scalar(c!), square)))));
}

/**
 * The matrix with its singular values brought near to 1, UV^T of its singular value decomposition UΣV^T: it is divided by
 * its Frobenius norm, so that none exceeds 1, and an odd polynomial of itself is taken, again and again.
 *
 * @param shape of the matrix: see `matrixShape`
 * @param epsilon added to the Frobenius norm; a matrix of zeros stays as it is
 */
export function orthogonalised<V, S>(
  algebra: RuleAlgebra<V, S>,
  { coefficients, iterations }: NewtonSchulzOptions,
  matrix: V,
  shape: readonly number[],
  epsilon = 0,
): V {
  const { scalar } = algebra;
  const norm = algebra.norm(matrix, 2);
  const guarded = epsilon === 0 ? norm : algebra.plus(norm, scalar(epsilon));
  const vanishing = scalar(smallestNormal[algebra.precision]);
  const divisor = algebra.ifLess(guarded, vanishing, scalar(1), guarded);
  const { rows, columns } = matrixShape(shape);
  if (rows === 1 || columns === 1) {
    let value = algebra.over(norm, divisor);
    for (let i = 0; i < iterations; i++) value = iterateNumber(algebra, coefficients, value);
    const unit = algebra.divideBy(matrix, algebra.ifLess(norm, vanishing, scalar(1), norm));
    return algebra.scale(value, unit);
  }
  let x: Matrix<V> = { rows, columns, entries: algebra.divideBy(matrix, divisor) };
  for (let i = 0; i < iterations; i++) x = iterate(algebra, coefficients, x);
  return algebra.split(x.entries, [matrix])[0]!;
}
