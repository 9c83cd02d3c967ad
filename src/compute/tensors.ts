import * as tf from "@tensorflow/tfjs-core";
import { type Algebra, type Norm, smallestNormal } from "./algebra.js";
import { vectorNorm } from "./norm-kernels.js";

type Tensor = tf.Tensor;

/** The largest divisor of `size` up to its square root or, where that would make long thin rows, the square root itself. */
function rowWidth(size: number): number {
  const root = Math.floor(Math.sqrt(size));
  for (let width = root; width > root / 4; width--) if (size % width === 0) return width;
  return root;
}

/**
 * The sum of all entries, first along rows of about √n and then of the row sums. Backends add one float32 after the
 * other; over 235 200 squares that loses 6·10⁻⁵ of the sum, and in rows less than 10⁻⁶, at the same speed.
 */
export function accurateSum(a: Tensor): Tensor {
  const { size } = a;
  if (size <= 32) return tf.sum(a);
  return tf.tidy(() => {
    const width = rowWidth(size);
    const rows = Math.ceil(size / width);
    const flat = tf.reshape(a, [size]);
    const missing = rows * width - size;
    const padded = missing === 0 ? flat : tf.pad(flat, [[0, missing]]);
    return tf.sum(tf.sum(tf.reshape(padded, [rows, width]), 1));
  });
}

/**
 * −1, 0, 1 or NaN. The sign kernel of wasm gives 0 below 10⁻⁶ (and is slow), and all give 0 for NaN.
 */
function sign(a: Tensor): Tensor {
  return tf.tidy(() => tf.sub(tf.step(a), tf.step(tf.neg(a))));
}

/** Limits the entries, but not NaN, which wasm would make the lower limit: a run that diverges must not look healthy. */
function clip(a: Tensor, low: number, high: number): Tensor {
  return tf.tidy(() => {
    const zeroOrNaN = tf.mul(tf.step(a), 0);
    return tf.add(tf.clipByValue(a, low, high), zeroOrNaN);
  });
}

/** Where a number can be divided by: not by 0, nor by what a processor may take for it, nor by infinity. */
const isDivisor = (a: Tensor): Tensor =>
  tf.logicalAnd(tf.greaterEqual(a, smallestNormal.float32), tf.isFinite(a)) as Tensor;

/** From a backend's own operations; entries are divided by the largest first, so that no square leaves float32. */
const composedNorms: Readonly<Record<Norm, (a: Tensor) => Tensor>> = {
  1: (a) => accurateSum(tf.abs(a)),
  2: (a) => {
    const largest = tf.max(tf.abs(a));
    const unit = tf.where(isDivisor(largest), largest, 1);
    return tf.mul(unit, tf.sqrt(accurateSum(tf.square(tf.div(a, unit)))));
  },
  infinity: (a) => tf.max(tf.abs(a)),
};

/** The backend's kernel for norms where it has one, as those have whose tensors lie in this process's memory. */
function normOf(a: Tensor, p: Norm): Tensor {
  if (tf.getKernel(vectorNorm, tf.getBackend())) return tf.engine().runKernel(vectorNorm, { x: a }, { p });
  return composedNorms[p](a);
}

/** The norm of each column; scaled as those of whole tensors are, so that no square leaves float32. */
function columnNorms(a: tf.Tensor2D, p: Norm): Tensor {
  const magnitudes = tf.abs(a);
  if (p === 1) return tf.sum(magnitudes, 0);
  const largest = tf.max(magnitudes, 0);
  if (p === "infinity") return largest;
  const unit = tf.where(isDivisor(largest), largest, tf.onesLike(largest));
  return tf.mul(unit, tf.sqrt(tf.sum(tf.square(tf.div(a, unit)), 0)));
}

/** Norms already taken in the outermost scope, by the data they are of, so that a rule and the trace share them. */
class NormMemory {
  private depth = 0;
  private known = new WeakMap<object, Map<Norm, Tensor>>();

  within<T>(f: () => T): T {
    this.depth++;
    try {
      return f();
    } finally {
      this.depth--;
      if (this.depth === 0) this.known = new WeakMap();
    }
  }

  norm(a: Tensor, p: Norm): Tensor {
    const compute = () => tf.tidy(() => normOf(a, p));
    if (this.depth === 0) return compute();
    const norms = this.known.get(a.dataId) ?? new Map<Norm, Tensor>();
    this.known.set(a.dataId, norms);
    const remembered = norms.get(p);
    // One that was made in an inner scope may be gone.
    if (remembered && !remembered.isDisposed) return remembered;
    const norm = compute();
    norms.set(p, norm);
    return norm;
  }
}

function matrix(entries: Tensor, rows: number, columns: number): tf.Tensor2D {
  return tf.reshape(entries, [rows, columns]);
}

/**
 * The algebra on float32 tensors of the TensorFlow.js backend that is active now. Every step and evaluation passes
 * through `scope`, which refuses to compute on another one: a run is never recorded under a backend it was not made on. Vectors are tensors of any shape, scalars tensors
 * of rank 0. Outside `scope` the caller owns every result. Norms neither
 * overflow nor vanish where the norm itself is a float32 number.
 */
export function tensorAlgebra(): Algebra<Tensor, Tensor> & { readonly backend: string } {
  const memory = new NormMemory();
  const backend = tf.getBackend();
  return {
    backend,
    precision: "float32",
    stepsPerRead: 16,
    vector: (values, shape = [values.length]) => tf.tensor(Float32Array.from(values), [...shape]),
    scalar: (value) => tf.scalar(value),
    zerosLike: (a) => tf.zerosLike(a),
    async read(scalars) {
      if (scalars.length === 0) return [];
      const stacked = tf.stack([...scalars]);
      tf.dispose([...scalars]);
      const values = await stacked.data();
      stacked.dispose();
      return Array.from(values);
    },
    values: async (a) => Float64Array.from(await a.data()),
    isScalar: (a): a is Tensor => a.rank === 0,

    add: (a, b) => tf.add(a, b),
    subtract: (a, b) => tf.sub(a, b),
    multiply: (a, b) => tf.mul(a, b),
    divide: (a, b) => tf.div(a, b),
    scale: (s, a) => tf.mul(s, a),
    divideBy: (a, s) => tf.div(a, s),
    addScaled: (a, s, b) => tf.tidy(() => tf.add(a, tf.mul(s, b))),
    shift: (a, c) => tf.tidy(() => tf.add(a, c)),
    absolute: (a) => tf.abs(a),
    sign,
    signOrOne: (a) => tf.tidy(() => tf.sub(1, tf.mul(tf.step(tf.neg(a)), 2))),
    squareRoot: (a) => tf.sqrt(a),
    exponential: (a) => tf.exp(a),
    power: (a, c) => tf.tidy(() => tf.pow(a, c)),
    clip,
    sigmoid: (a) => tf.sigmoid(a),
    softplus: (a) => tf.softplus(a),
    ifLessEach: (a, b, then, otherwise) => tf.tidy(() => tf.where(tf.less(a, b), then, otherwise)),

    norm: (a, p) => memory.norm(a, p),
    dot: (a, b) => tf.tidy(() => accurateSum(tf.mul(a, b))),
    sum: (a) => accurateSum(a),
    mean: (a) => tf.tidy(() => tf.div(accurateSum(a), a.size)),

    multiplyMatrix: ({ rows, columns, entries }, x) =>
      tf.tidy(() => tf.reshape(tf.matMul(matrix(entries, rows, columns), matrix(x, columns, 1)), [rows])),
    // Aᵀy as the row yᵀA: no transposed copy of A.
    multiplyTransposed: ({ rows, columns, entries }, y) =>
      tf.tidy(() => tf.reshape(tf.matMul(matrix(y, 1, rows), matrix(entries, rows, columns)), [columns])),
    multiplyMatrices: (a, b) => ({
      rows: a.rows,
      columns: b.columns,
      entries: tf.tidy(() => tf.matMul(matrix(a.entries, a.rows, a.columns), matrix(b.entries, b.rows, b.columns))),
    }),
    transpose: ({ rows, columns, entries }) => ({
      rows: columns,
      columns: rows,
      entries: tf.tidy(() => tf.transpose(matrix(entries, rows, columns))),
    }),

    columnNorms: ({ rows, columns, entries }, p) => tf.tidy(() => columnNorms(matrix(entries, rows, columns), p)),
    columnSums: ({ rows, columns, entries }) => tf.tidy(() => tf.sum(matrix(entries, rows, columns), 0)),
    repeatRow: (row, rows) => tf.tidy(() => tf.tile(tf.reshape(row, [1, row.size]), [rows, 1])),

    plus: (s, t) => tf.add(s, t),
    minus: (s, t) => tf.sub(s, t),
    times: (s, t) => tf.mul(s, t),
    over: (s, t) => tf.div(s, t),
    root: (s) => tf.sqrt(s),
    ifLess: (s, t, then, otherwise) => tf.tidy(() => tf.where(tf.less(s, t), then, otherwise)),

    concatenate: (parts) => tf.tidy(() => tf.concat(parts.map((part) => tf.reshape(part, [part.size])))),
    split: (whole, like) =>
      tf.tidy(() => {
        const flat = tf.reshape(whole, [whole.size]);
        let offset = 0;
        return like.map(({ size, shape }) => {
          offset += size;
          return tf.reshape(tf.slice(flat, [offset - size], [size]), shape);
        });
      }),

    scope(f) {
      if (tf.getBackend() !== backend) {
        throw new Error(`backend ${tf.getBackend()} is active where ${backend} is to compute`);
      }
      return memory.within(() => tf.tidy(f as () => tf.TensorContainer) as ReturnType<typeof f>);
    },
    dispose: (values) => tf.dispose([...values]),
  };
}
