import { Matrix } from "ml-matrix";
import type { Algebra, DiagonalForm } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import type { Layer } from "../compute/layer.js";
import { cutIntoLayers, joined, separated, weightsFrom } from "./blocks.js";
import { analyticProblem, type Problem } from "./problem.js";

/** A symmetric positive definite matrix by its eigenvalues and -vectors. */
export interface Eigensystem {
  readonly eigenvalues: Float64Array;
  /** Eigenvectors as columns; absent: the coordinate axes, so that the matrix is diagonal. */
  readonly eigenvectors?: Matrix;
}

export interface QuadraticForm {
  /** Layers whose sizes add up to the number of eigenvalues. */
  readonly layers: readonly Layer[];
  readonly hessian: Eigensystem;
  readonly optimum: Float64Array;
  readonly start: Float64Array;
}

/** f(w) = ½(w − w*)ᵀH(w − w*), w the concatenation of the layers. Loss and gradient share H(w − w*). */
export function quadraticForm({ layers, hessian, optimum, start }: QuadraticForm): Problem {
  const { smallest, largest } = extremes(hessian.eigenvalues);
  const constants = {
    convex: true,
    smoothness: largest,
    strongConvexity: smallest,
    optimum: cutIntoLayers(layers, optimum),
    optimalValue: 0,
    infimum: 0,
    optimumSource: "by construction",
    quadratic: true,
  };
  const entries = entriesOf(hessian);
  return analyticProblem({ layers, constants }, (algebra) => {
    const center = algebra.vector(optimum);
    const operator = hessianOn(algebra, hessian.eigenvalues, entries);
    return {
      initialWeights: () => weightsFrom(algebra, layers, start),
      lossAndGradients(weights) {
        const { value, product: gradient } = operator.form(joined(algebra, weights), center);
        const loss = algebra.times(algebra.scalar(0.5), value);
        return { loss, gradients: separated(algebra, gradient, weights) };
      },
      dispose: () => algebra.dispose([center, operator.entries]),
    };
  });
}

/** Numbers that a dense Hessian takes while it is made: eigenvectors, entries, and a product of theirs. */
export const denseNumbers = (dimension: number): number => 3 * dimension ** 2;

export function extremes(eigenvalues: Float64Array): { smallest: number; largest: number } {
  const ascending = eigenvalues.toSorted();
  return { smallest: ascending[0]!, largest: ascending.at(-1)! };
}

/** x ↦ Hx, and (x, c) ↦ (x − c)ᵀH(x − c): entry by entry where H is diagonal, else by its entries. */
export function hessianOn<V, S>(algebra: Algebra<V, S>, eigenvalues: Float64Array, dense: Float64Array | undefined) {
  const dimension = eigenvalues.length;
  const entries = dense ? algebra.vector(dense, [dimension, dimension]) : algebra.vector(eigenvalues);
  const matrix = { rows: dimension, columns: dimension, entries };
  const apply = dense ? (x: V) => algebra.multiplyMatrix(matrix, x) : (x: V) => algebra.multiply(entries, x);
  return {
    entries,
    apply,
    form(x: V, center: V): DiagonalForm<V, S> {
      if (!dense && algebra.diagonalForm) return algebra.diagonalForm(entries, x, center);
      const error = algebra.subtract(x, center);
      const product = apply(error);
      return { value: algebra.dot(error, product), product };
    },
  };
}

/** The entries of H, row by row; undefined where it is diagonal. */
export const entriesOf = ({ eigenvalues, eigenvectors }: Eigensystem): Float64Array | undefined =>
  eigenvectors && assemble(eigenvalues, eigenvectors);

/** The entries of QΛQᵀ, row by row, exactly symmetric. */
function assemble(eigenvalues: Float64Array, eigenvectors: Matrix): Float64Array {
  const product = eigenvectors.clone().mulRowVector(Array.from(eigenvalues)).mmul(eigenvectors.transpose());
  return Float64Array.from(Matrix.add(product, product.transpose()).mul(0.5).to1DArray());
}

/**
 * The unit vector √(μ/(μ+L))·u_L + √(L/(μ+L))·u_μ, u the eigenvectors of the extreme eigenvalues: its squared
 * components are in the ratio μ : L, and the best step from there attains the bound of T4b.
 */
export function adversarialDirection({ eigenvalues, eigenvectors }: Eigensystem): Float64Array {
  const { smallest: mu, largest: L } = extremes(eigenvalues);
  const smallest = eigenvalues.indexOf(mu);
  // The last of equals, so that a multiple eigenvalue still gives two directions.
  const largest = eigenvalues.lastIndexOf(L);
  const axis = (index: number) =>
    Float64Array.from(eigenvalues, (_, i) => (eigenvectors ? eigenvectors.get(i, index) : Number(i === index)));
  if (smallest === largest) return axis(smallest);
  const towardsSmallest = float64.scale(Math.sqrt(L / (mu + L)), axis(smallest));
  return float64.addScaled(towardsSmallest, Math.sqrt(mu / (mu + L)), axis(largest));
}
