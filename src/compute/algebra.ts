/**
 * The small algebra in which update rules and analytic gradients are written once, so that each runs both on float32
 * tensors (any TensorFlow.js backend) and on float64 arrays on the host. The theory needs float64: a linear rate
 * disappears under 1e-7 in float32.
 *
 * `V` is a vector, of any number of entries, and `S` a scalar. On a tensor backend scalars stay on the device: nothing
 * is read back inside a rule. No operation changes its arguments.
 */

/**
 * The p of a vector norm, ‖x‖_p = (Σ|x_i|^p)^{1/p}: a number from 1 on, such as 1 (sum of magnitudes) or 2 (Euclidean),
 * or "infinity" (largest magnitude).
 */
export type Norm = number | "infinity";

export type Precision = "float32" | "float64";

/** The smallest normal number of each precision: norms below it count as 0 in the rules. */
export const smallestNormal: Readonly<Record<Precision, number>> = {
  float32: 1.1754943508222875e-38,
  float64: 2.2250738585072014e-308,
};

/** A matrix of `rows` × `columns` entries, stored row by row. */
export interface Matrix<V> {
  readonly rows: number;
  readonly columns: number;
  readonly entries: V;
}

/** Pointwise losses ℓ(z, y) that an algebra may know: ½(z − y)², |z − y|, and log(1 + e^{−yz}) with y = ±1. */
export type PointwiseLossName = "squared" | "absolute" | "logistic";

/** What one pass over the rows a_i of a matrix A tells of the predictions z_i = a_i·x. */
export interface Fit<V, S> {
  /** mean_i ℓ(z_i, y_i) */
  readonly loss: S;
  /** Of the logistic loss: the share of the rows with y_iz_i ≥ 0. */
  readonly accuracy?: S;
  /** Σ_i ∂ℓ/∂z(z_i, y_i)·a_i */
  readonly sumOfSlopes: V;
}

/** A quadratic form of a diagonal matrix D at e. */
export interface DiagonalForm<V, S> {
  /** eᵀDe */
  readonly value: S;
  /** De */
  readonly product: V;
}

export interface Algebra<V, S> {
  readonly precision: Precision;
  /** How many measured steps of a run to read back together: many where to turn to it costs next to a step, 1 where it does not. */
  readonly stepsPerRead: number;

  // Making and reading
  /** A vector of the given values; `shape` (default: one axis) matters to tensors only. */
  vector(values: ArrayLike<number>, shape?: readonly number[]): V;
  scalar(value: number): S;
  zerosLike(a: V): V;
  /** The values of several scalars, in one read-back; the scalars are freed. */
  read(scalars: readonly S[]): readonly number[] | Promise<readonly number[]>;
  /** A host copy of a vector's entries, or of a scalar as one entry. */
  values(a: V | S): Float64Array | Promise<Float64Array>;
  isScalar(a: V | S): a is S;

  // Vectors, entry by entry
  add(a: V, b: V): V;
  subtract(a: V, b: V): V;
  multiply(a: V, b: V): V;
  divide(a: V, b: V): V;
  /** s·a */
  scale(s: S, a: V): V;
  /** a/s */
  divideBy(a: V, s: S): V;
  /** (s/t)·a, whose quotient alone need be no number of this precision */
  scaleByQuotient(s: S, t: S, a: V): V;
  /** a + s·b */
  addScaled(a: V, s: S, b: V): V;
  /** a + c, c a host number */
  shift(a: V, c: number): V;
  absolute(a: V): V;
  /** −1, 0 or 1 */
  sign(a: V): V;
  /** 1 where a ≥ 0, else −1: the sign that never vanishes. */
  signOrOne(a: V): V;
  squareRoot(a: V): V;
  /** e^a */
  exponential(a: V): V;
  /** cos a */
  cosine(a: V): V;
  /** a^c, c a host number */
  power(a: V, c: number): V;
  /** Each entry limited to [low, high]. */
  clip(a: V, low: number, high: number): V;
  /** 1/(1 + e^{−a}), and log(1 + e^a) without overflow: they have their exponential in common. */
  logistic(a: V): { sigmoid: V; softplus: V };
  /** At each entry, then if a < b, otherwise the last argument; the one not chosen may be NaN. */
  ifLessEach(a: V, b: V, then: V, otherwise: V): V;

  // Vectors to scalars
  norm(a: V, p: Norm): S;
  /** ‖a − b‖₂ */
  distance(a: V, b: V): S;
  dot(a: V, b: V): S;
  sum(a: V): S;
  mean(a: V): S;

  // Matrices
  /** A·x, of `rows` entries */
  multiplyMatrix(matrix: Matrix<V>, x: V): V;
  /** Aᵀ·y, of `columns` entries */
  multiplyTransposed(matrix: Matrix<V>, y: V): V;
  /**
   * A linear model at x, in one pass over the matrix. Absent, or undefined, where nothing is gained by that: other
   * operations give the same numbers.
   */
  fit?(loss: PointwiseLossName, matrix: Matrix<V>, x: V, targets: V): Fit<V, S> | undefined;
  /**
   * (x − c)ᵀD(x − c) and D(x − c) of a diagonal matrix D, in one pass. Absent where nothing is gained by that: other
   * operations give the same numbers.
   */
  diagonalForm?(diagonal: V, x: V, center: V): DiagonalForm<V, S>;
  /** A·B; on tensors its entries have the shape [A.rows, B.columns] */
  multiplyMatrices(a: Matrix<V>, b: Matrix<V>): Matrix<V>;
  /** Aᵀ; on tensors its entries have the shape [A.columns, A.rows] */
  transpose(a: Matrix<V>): Matrix<V>;

  /** The norm of each column, `columns` entries */
  columnNorms(matrix: Matrix<V>, p: Norm): V;
  /** The sum of each column, `columns` entries */
  columnSums(matrix: Matrix<V>): V;
  /** The entries of a matrix that has this row `rows` times: one number a column, spread over it. */
  repeatRow(row: V, rows: number): V;

  // Scalars
  plus(s: S, t: S): S;
  minus(s: S, t: S): S;
  times(s: S, t: S): S;
  over(s: S, t: S): S;
  /** √s */
  root(s: S): S;
  /** then if s < t, otherwise the last argument; both are already computed, and the one not chosen may be NaN. */
  ifLess(s: S, t: S, then: S, otherwise: S): S;

  // Several vectors as one
  concatenate(parts: readonly V[]): V;
  /** The inverse of `concatenate`: pieces of `whole` with the sizes and shapes of `like`. */
  split(whole: V, like: readonly V[]): V[];

  // Memory
  /** Computes these together where they were put off. Absent where nothing is; else each would be computed when it is asked for. */
  settle?(values: readonly (V | S)[]): void;
  /**
   * Runs f; every vector and scalar made in it is freed, save those in what it returns (arrays and objects are searched).
   *
   * @param vectorsOf the vectors in what it returns, which spares an algebra the search where that takes long next to f
   */
  scope<T>(f: () => T, vectorsOf?: (result: T) => readonly (V | S)[]): T;
  dispose(values: readonly (V | S)[]): void;
}

/**
 * What an update rule may use: nothing that reads back from the device. With `scope: neuron` its scalars are one number a
 * neuron.
 */
export type RuleAlgebra<V, S> = Omit<
  Algebra<V, S>,
  "read" | "values" | "isScalar" | "fit" | "diagonalForm" | "distance" | "settle"
>;
