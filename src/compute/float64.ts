import { power } from "../base/power.js";
import type { Algebra, DiagonalForm, Matrix, Norm } from "./algebra.js";
import { dispose, isInScope, scope, vectorOf, zeros } from "./host-vectors.js";
import { holdConstant, placedMatrix } from "./matrix-vector.js";

type Unary = (x: number) => number;

function map(a: Float64Array, f: Unary): Float64Array {
  const result = vectorOf(a.length);
  for (let i = 0; i < a.length; i++) result[i] = f(a[i]!);
  return result;
}

/** From this many terms on a sum is made of several. */
const manyTerms = 32;

/** Σ_i a_{first + i}·b_i over the entries of b, in four sums of fixed order, which need not wait for one another's additions. */
function longDot(a: Float64Array, first: number, b: Float64Array): number {
  const { length } = b;
  const whole = length & ~3;
  let s = 0;
  let t = 0;
  let u = 0;
  let v = 0;
  for (let i = 0; i < whole; i += 4) {
    s += a[first + i]! * b[i]!;
    t += a[first + i + 1]! * b[i + 1]!;
    u += a[first + i + 2]! * b[i + 2]!;
    v += a[first + i + 3]! * b[i + 3]!;
  }
  for (let i = whole; i < length; i++) s += a[first + i]! * b[i]!;
  return s + t + (u + v);
}

/** Σ_i a_{first + i}·b_i over the entries of b. */
function dotFrom(a: Float64Array, first: number, b: Float64Array): number {
  if (b.length >= manyTerms) return longDot(a, first, b);
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[first + i]! * b[i]!;
  return sum;
}

const dot = (a: Float64Array, b: Float64Array) => dotFrom(a, 0, b);

/** Whether a sum of squares has neither overflowed nor lost digits to underflow. */
const isSafeSquare = (square: number): boolean => square > 1e-280 && square < 1e280;

/** Scaled so that no square overflows or underflows for norms that are themselves representable. */
function euclideanNorm(a: Float64Array): number {
  let sumOfSquares = dot(a, a);
  if (isSafeSquare(sumOfSquares)) return Math.sqrt(sumOfSquares);
  const largest = infinityNorm(a);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  sumOfSquares = 0;
  for (let i = 0; i < a.length; i++) sumOfSquares += (a[i]! / largest) ** 2;
  return largest * Math.sqrt(sumOfSquares);
}

/** Σ(a_i − b_i)², added up as `dot` does; no difference is kept. */
function squaredDistance(a: Float64Array, b: Float64Array): number {
  const { length } = a;
  const whole = length < manyTerms ? 0 : length & ~3;
  let s = 0;
  let t = 0;
  let u = 0;
  let v = 0;
  for (let i = 0; i < whole; i += 4) {
    const w = a[i]! - b[i]!;
    const x = a[i + 1]! - b[i + 1]!;
    const y = a[i + 2]! - b[i + 2]!;
    const z = a[i + 3]! - b[i + 3]!;
    s += w * w;
    t += x * x;
    u += y * y;
    v += z * z;
  }
  for (let i = whole; i < length; i++) {
    const difference = a[i]! - b[i]!;
    s += difference * difference;
  }
  return s + t + (u + v);
}

function distance(a: Float64Array, b: Float64Array): number {
  const square = squaredDistance(a, b);
  if (isSafeSquare(square)) return Math.sqrt(square);
  return euclideanNorm(float64.subtract(a, b));
}

function infinityNorm(a: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const magnitude = Math.abs(a[i]!);
    if (magnitude > largest) largest = magnitude;
    else if (Number.isNaN(magnitude)) return magnitude;
  }
  return largest;
}

function absoluteSum(a: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]!);
  return sum;
}

/** ‖a‖∞·(Σ(|a_i|/‖a‖∞)^p)^{1/p}: no power leaves [0, 1], and one of them is 1, so that the sum neither overflows nor vanishes. */
function generalNorm(a: Float64Array, p: number): number {
  const largest = infinityNorm(a);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < a.length; i++) total += power(Math.abs(a[i]!) / largest, p);
  return largest * power(total, 1 / p);
}

function normOf(a: Float64Array, p: Norm): number {
  switch (p) {
    case 2:
      return euclideanNorm(a);
    case 1:
      return absoluteSum(a);
    case "infinity":
      return infinityNorm(a);
    default:
      return generalNorm(a, p);
  }
}

const mostNorms = 16;
const nowhere = new Float64Array();

/**
 * Norms that were taken in a scope, until vectors of it are used again: a rule and the trace share them. So few at a
 * time are looked through in less time than one of ten entries is taken.
 */
class NormMemory {
  private count = 0;
  private readonly vectors = new Array<Float64Array>(mostNorms).fill(nowhere);
  private readonly ps = new Array<Norm>(mostNorms).fill(2);
  private readonly norms = new Float64Array(mostNorms);

  forget(): void {
    while (this.count > 0) this.vectors[--this.count] = nowhere;
  }

  norm(a: Float64Array, p: Norm): number {
    for (let i = 0; i < this.count; i++) if (this.vectors[i] === a && this.ps[i] === p) return this.norms[i]!;
    const norm = normOf(a, p);
    this.remember(a, p, norm);
    return norm;
  }

  remember(a: Float64Array, p: Norm, norm: number): void {
    if (!isInScope() || this.count >= mostNorms) return;
    this.vectors[this.count] = a;
    this.ps[this.count] = p;
    this.norms[this.count++] = norm;
  }
}

const memory = new NormMemory();

/** eᵀDe, De and with it ‖De‖₂, of e = x − c. The sums are added up as `dot` does. */
function diagonalForm(
  diagonal: Float64Array,
  x: Float64Array,
  center: Float64Array,
): DiagonalForm<Float64Array, number> {
  const { length } = x;
  const product = vectorOf(length);
  const whole = length < manyTerms ? 0 : length & ~3;
  let s = 0;
  let t = 0;
  let u = 0;
  let v = 0;
  let p = 0;
  let q = 0;
  let r = 0;
  let w = 0;
  for (let i = 0; i < whole; i += 4) {
    const a = x[i]! - center[i]!;
    const b = x[i + 1]! - center[i + 1]!;
    const c = x[i + 2]! - center[i + 2]!;
    const d = x[i + 3]! - center[i + 3]!;
    const f = diagonal[i]! * a;
    const g = diagonal[i + 1]! * b;
    const h = diagonal[i + 2]! * c;
    const j = diagonal[i + 3]! * d;
    product[i] = f;
    product[i + 1] = g;
    product[i + 2] = h;
    product[i + 3] = j;
    s += a * f;
    t += b * g;
    u += c * h;
    v += d * j;
    p += f * f;
    q += g * g;
    r += h * h;
    w += j * j;
  }
  for (let i = whole; i < length; i++) {
    const error = x[i]! - center[i]!;
    const entry = diagonal[i]! * error;
    product[i] = entry;
    s += error * entry;
    p += entry * entry;
  }
  const square = p + q + (r + w);
  if (isSafeSquare(square)) memory.remember(product, 2, Math.sqrt(square));
  return { value: s + t + (u + v), product };
}

const forgetNorms = () => memory.forget();

function sum(a: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]!;
  return total;
}

/**
 * log(1 + x), given the rounded sum 1 + x: what the rounding took from x is put back by x/(sum − 1). It takes a third of
 * the time of Math.log1p.
 *
 * @see Goldberg, What every computer scientist should know about floating-point arithmetic, 1991, theorem 4
 */
const logOfSum = (x: number, sum: number): number => (sum === 1 ? x : Math.log(sum) * (x / (sum - 1)));

/**
 * A·x as `dotFrom` adds up few terms, four rows at a time, whose sums need not wait for one another's additions.
 */
function shortRowsTimesVector(entries: Float64Array, x: Float64Array, result: Float64Array): void {
  const { length: rows } = result;
  const { length: columns } = x;
  let i = 0;
  let first = 0;
  for (; i + 3 < rows; i += 4, first += 4 * columns) {
    const second = first + columns;
    const third = second + columns;
    const fourth = third + columns;
    let s = 0;
    let t = 0;
    let u = 0;
    let v = 0;
    for (let j = 0; j < columns; j++) {
      const factor = x[j]!;
      s += entries[first + j]! * factor;
      t += entries[second + j]! * factor;
      u += entries[third + j]! * factor;
      v += entries[fourth + j]! * factor;
    }
    result[i] = s;
    result[i + 1] = t;
    result[i + 2] = u;
    result[i + 3] = v;
  }
  if (i + 1 < rows) {
    let s = 0;
    let t = 0;
    for (let j = 0; j < columns; j++) {
      const factor = x[j]!;
      s += entries[first + j]! * factor;
      t += entries[first + columns + j]! * factor;
    }
    result[i] = s;
    result[i + 1] = t;
    i += 2;
    first += 2 * columns;
  }
  if (i < rows) result[i] = dotFrom(entries, first, x);
}

/** A·x */
function rowsTimesVector({ rows, columns, entries }: Matrix<Float64Array>, x: Float64Array): Float64Array {
  const result = vectorOf(rows);
  if (columns < manyTerms) shortRowsTimesVector(entries, x, result);
  else for (let i = 0, offset = 0; i < rows; i++, offset += columns) result[i] = dotFrom(entries, offset, x);
  return result;
}

/** Aᵀ·y */
function vectorTimesRows({ rows, columns, entries }: Matrix<Float64Array>, y: Float64Array): Float64Array {
  const result = zeros(columns);
  for (let i = 0, offset = 0; i < rows; i++, offset += columns) {
    const factor = y[i]!;
    for (let j = 0; j < columns; j++) result[j]! += entries[offset + j]! * factor;
  }
  return result;
}

/** The algebra on Float64Arrays of the host: full double precision, and no TensorFlow. */
export const float64: Algebra<Float64Array, number> = {
  precision: "float64",
  stepsPerRead: 64,
  vector(values) {
    const result = vectorOf(values.length);
    result.set(values);
    if (!isInScope()) holdConstant(result);
    return result;
  },
  scalar: (value) => value,
  zerosLike: (a) => zeros(a.length),
  read: (scalars) => scalars,
  values: (a) => (typeof a === "number" ? Float64Array.of(a) : Float64Array.from(a)),
  isScalar: (a) => typeof a === "number",

  add(a, b) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! + b[i]!;
    return result;
  },
  subtract(a, b) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! - b[i]!;
    return result;
  },
  multiply(a, b) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! * b[i]!;
    return result;
  },
  divide(a, b) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! / b[i]!;
    return result;
  },
  scale(s, a) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = s * a[i]!;
    return result;
  },
  divideBy(a, s) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! / s;
    return result;
  },
  scaleByQuotient(s, t, a) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = s * (a[i]! / t);
    return result;
  },
  addScaled(a, s, b) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! + s * b[i]!;
    return result;
  },
  shift(a, c) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! + c;
    return result;
  },
  absolute: (a) => map(a, Math.abs),
  sign: (a) => map(a, Math.sign),
  signOrOne(a) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! >= 0 ? 1 : -1;
    return result;
  },
  squareRoot: (a) => map(a, Math.sqrt),
  exponential: (a) => map(a, Math.exp),
  cosine: (a) => map(a, Math.cos),
  power: (a, c) => map(a, (x) => power(x, c)),
  clip: (a, low, high) => map(a, (x) => Math.min(high, Math.max(low, x))),
  logistic(a) {
    const [sigmoid, softplus] = [vectorOf(a.length), vectorOf(a.length)];
    for (let i = 0; i < a.length; i++) {
      const x = a[i]!;
      const power = Math.exp(-Math.abs(x));
      const sum = 1 + power;
      sigmoid[i] = (x >= 0 ? 1 : power) / sum;
      softplus[i] = Math.max(x, 0) + logOfSum(power, sum);
    }
    return { sigmoid, softplus };
  },
  ifLessEach(a, b, then, otherwise) {
    const result = vectorOf(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! < b[i]! ? then[i]! : otherwise[i]!;
    return result;
  },

  norm: (a, p) => memory.norm(a, p),
  distance,
  dot,
  sum,
  mean: (a) => sum(a) / a.length,

  multiplyMatrix: (matrix, x) => placedMatrix(matrix)?.multiply(x) ?? rowsTimesVector(matrix, x),
  multiplyTransposed: (matrix, y) => placedMatrix(matrix)?.multiplyTransposed(y) ?? vectorTimesRows(matrix, y),
  fit: (loss, matrix, x, targets) => placedMatrix(matrix)?.fit(loss, x, targets),
  diagonalForm,
  multiplyMatrices(a: Matrix<Float64Array>, b: Matrix<Float64Array>) {
    const entries = zeros(a.rows * b.columns);
    for (let i = 0; i < a.rows; i++) {
      for (let k = 0; k < a.columns; k++) {
        const factor = a.entries[i * a.columns + k]!;
        const row = k * b.columns;
        for (let j = 0; j < b.columns; j++) entries[i * b.columns + j]! += factor * b.entries[row + j]!;
      }
    }
    return { rows: a.rows, columns: b.columns, entries };
  },
  transpose({ rows, columns, entries }: Matrix<Float64Array>) {
    const transposed = vectorOf(entries.length);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) transposed[j * rows + i] = entries[i * columns + j]!;
    }
    return { rows: columns, columns: rows, entries: transposed };
  },

  columnNorms({ rows, columns, entries }: Matrix<Float64Array>, p) {
    const result = vectorOf(columns);
    const column = vectorOf(rows);
    for (let j = 0; j < columns; j++) {
      for (let i = 0; i < rows; i++) column[i] = entries[i * columns + j]!;
      result[j] = normOf(column, p);
    }
    return result;
  },
  columnSums({ rows, columns, entries }: Matrix<Float64Array>) {
    const result = zeros(columns);
    for (let i = 0, offset = 0; i < rows; i++, offset += columns) {
      for (let j = 0; j < columns; j++) result[j]! += entries[offset + j]!;
    }
    return result;
  },
  repeatRow(row, rows) {
    const entries = vectorOf(rows * row.length);
    for (let i = 0; i < rows; i++) entries.set(row, i * row.length);
    return entries;
  },

  plus: (s, t) => s + t,
  minus: (s, t) => s - t,
  times: (s, t) => s * t,
  over: (s, t) => s / t,
  root: Math.sqrt,
  ifLess: (s, t, then, otherwise) => (s < t ? then : otherwise),

  concatenate(parts) {
    const whole = vectorOf(parts.reduce((length, part) => length + part.length, 0));
    let offset = 0;
    for (const part of parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    return whole;
  },
  split(whole, like) {
    let offset = 0;
    return like.map(({ length }) => {
      offset += length;
      return whole.slice(offset - length, offset);
    });
  },

  scope: (f, keptOf) => scope(f, forgetNorms, keptOf),
  dispose,
};
