import type { Algebra, Matrix, Norm } from "./algebra.js";

type Unary = (x: number) => number;

const slabEntries = 8192;
let slab = new Float64Array(slabEntries);
let used = 0;

/**
 * A vector of n zeros. Small ones are views into a shared slab: V8 takes 340 ns to allocate a buffer of ten numbers and
 * 40 ns to make such a view. A slab's numbers are handed out once and never reused, so views never overlap.
 */
function zeros(n: number): Float64Array {
  if (n > slabEntries / 16) return new Float64Array(n);
  if (used + n > slabEntries) {
    slab = new Float64Array(slabEntries);
    used = 0;
  }
  used += n;
  return new Float64Array(slab.buffer, (used - n) * 8, n);
}

function map(a: Float64Array, f: Unary): Float64Array {
  const result = zeros(a.length);
  for (let i = 0; i < a.length; i++) result[i] = f(a[i]!);
  return result;
}

/** Scaled so that no square overflows or underflows for norms that are themselves representable. */
function euclideanNorm(a: Float64Array): number {
  let sumOfSquares = 0;
  for (let i = 0; i < a.length; i++) sumOfSquares += a[i]! * a[i]!;
  if (sumOfSquares > 1e-280 && sumOfSquares < 1e280) return Math.sqrt(sumOfSquares);
  const largest = infinityNorm(a);
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  sumOfSquares = 0;
  for (let i = 0; i < a.length; i++) sumOfSquares += (a[i]! / largest) ** 2;
  return largest * Math.sqrt(sumOfSquares);
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
  for (let i = 0; i < a.length; i++) total += (Math.abs(a[i]!) / largest) ** p;
  return largest * total ** (1 / p);
}

function norm(a: Float64Array, p: Norm): number {
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

function sum(a: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]!;
  return total;
}

/** The algebra on Float64Arrays of the host: full double precision, and no TensorFlow. */
export const float64: Algebra<Float64Array, number> = {
  precision: "float64",
  vector(values) {
    const result = zeros(values.length);
    result.set(values);
    return result;
  },
  scalar: (value) => value,
  zerosLike: (a) => zeros(a.length),
  read: (scalars) => [...scalars],
  values: (a) => (typeof a === "number" ? Float64Array.of(a) : Float64Array.from(a)),
  isScalar: (a) => typeof a === "number",

  add(a, b) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! + b[i]!;
    return result;
  },
  subtract(a, b) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! - b[i]!;
    return result;
  },
  multiply(a, b) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! * b[i]!;
    return result;
  },
  divide(a, b) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! / b[i]!;
    return result;
  },
  scale(s, a) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = s * a[i]!;
    return result;
  },
  divideBy(a, s) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! / s;
    return result;
  },
  scaleByQuotient(s, t, a) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = s * (a[i]! / t);
    return result;
  },
  addScaled(a, s, b) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! + s * b[i]!;
    return result;
  },
  shift: (a, c) => map(a, (x) => x + c),
  absolute: (a) => map(a, Math.abs),
  sign: (a) => map(a, Math.sign),
  signOrOne: (a) => map(a, (x) => (x >= 0 ? 1 : -1)),
  squareRoot: (a) => map(a, Math.sqrt),
  exponential: (a) => map(a, Math.exp),
  cosine: (a) => map(a, Math.cos),
  power: (a, c) => map(a, (x) => x ** c),
  clip: (a, low, high) => map(a, (x) => Math.min(high, Math.max(low, x))),
  sigmoid: (a) => map(a, (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)))),
  softplus: (a) => map(a, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  ifLessEach(a, b, then, otherwise) {
    const result = zeros(a.length);
    for (let i = 0; i < a.length; i++) result[i] = a[i]! < b[i]! ? then[i]! : otherwise[i]!;
    return result;
  },

  norm,
  dot(a, b) {
    let total = 0;
    for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
    return total;
  },
  sum,
  mean: (a) => sum(a) / a.length,

  multiplyMatrix({ rows, columns, entries }: Matrix<Float64Array>, x) {
    const result = zeros(rows);
    for (let i = 0, offset = 0; i < rows; i++, offset += columns) {
      let total = 0;
      for (let j = 0; j < columns; j++) total += entries[offset + j]! * x[j]!;
      result[i] = total;
    }
    return result;
  },
  multiplyTransposed({ rows, columns, entries }: Matrix<Float64Array>, y) {
    const result = zeros(columns);
    for (let i = 0, offset = 0; i < rows; i++, offset += columns) {
      const factor = y[i]!;
      for (let j = 0; j < columns; j++) result[j]! += entries[offset + j]! * factor;
    }
    return result;
  },
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
    const transposed = zeros(entries.length);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) transposed[j * rows + i] = entries[i * columns + j]!;
    }
    return { rows: columns, columns: rows, entries: transposed };
  },

  columnNorms({ rows, columns, entries }: Matrix<Float64Array>, p) {
    const result = zeros(columns);
    const column = zeros(rows);
    for (let j = 0; j < columns; j++) {
      for (let i = 0; i < rows; i++) column[i] = entries[i * columns + j]!;
      result[j] = norm(column, p);
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
    const entries = zeros(rows * row.length);
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
    const whole = zeros(parts.reduce((length, part) => length + part.length, 0));
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

  scope: (f) => f(),
  dispose() {},
};
