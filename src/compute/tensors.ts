import * as tf from "@tensorflow/tfjs-core";
import { type Algebra, type Norm, smallestNormal } from "./algebra.js";
import { type DeferredOperations, deferredOperationsOf, type Reduction } from "./deferred-operations.js";
import { accurateSum, columnNorms, deviceNorm } from "./device-reductions.js";
import { type HostReductions, hostReductionsOf } from "./host-reductions.js";
import { ScopeMemory } from "./scope-memory.js";

type Tensor = tf.Tensor;

/**
 * A scalar: a tensor of rank 0 or a number of the host, which it is wherever it can be. A number is one of float32, as
 * that on a device would be.
 */
export type Scalar = Tensor | number;

/** The algebra on float32 tensors. */
export type TensorAlgebra = Algebra<Tensor, Scalar>;

/**
 * −1, 0, 1 or NaN. The sign kernel of wasm gives 0 below 10⁻⁶ (and is slow), and all give 0 for NaN.
 */
export function sign(a: Tensor): Tensor {
  return tf.tidy(() => tf.sub(tf.step(a), tf.step(tf.neg(a))));
}

/** Limits the entries, but not NaN, which wasm would make the lower limit: a run that diverges must not look healthy. */
function clip(a: Tensor, low: number, high: number): Tensor {
  return tf.tidy(() => {
    const zeroOrNaN = tf.mul(tf.step(a), 0);
    return tf.add(tf.clipByValue(a, low, high), zeroOrNaN);
  });
}

function matrix(entries: Tensor, rows: number, columns: number): tf.Tensor2D {
  return tf.reshape(entries, [rows, columns]);
}

/** Whether float32 has the number with all its digits. */
export const isNormal = (value: number) => Math.abs(value) >= smallestNormal.float32 && Math.abs(value) < 2 ** 127;

type OnHost = (...scalars: number[]) => number;
type OnDevice = (...scalars: Scalar[]) => Tensor;

const areNumbers = (scalars: readonly Scalar[]): scalars is number[] => scalars.every((s) => typeof s === "number");

/** The same on numbers of the host, rounded to float32, and on the device where one of them is there. */
const scalarOperation =
  (onHost: OnHost, onDevice: OnDevice) =>
  (...scalars: Scalar[]): Scalar =>
    areNumbers(scalars) ? Math.fround(onHost(...scalars)) : onDevice(...scalars);

/** The norms that a backend may put off. */
export const reductionOf: ReadonlyMap<Norm, Reduction> = new Map<Norm, Reduction>([
  [1, "norm1"],
  [2, "norm2"],
  ["infinity", "largest"],
]);

async function readTensors(scalars: readonly Scalar[], deferred: DeferredOperations | undefined): Promise<number[]> {
  if (deferred?.read) {
    const tensors = scalars.filter((s) => typeof s !== "number");
    const numbers = (await deferred.read(tensors)).values();
    tf.dispose(tensors);
    return scalars.map((s) => (typeof s === "number" ? s : numbers.next().value!));
  }
  const stacked = tf.tidy(() => tf.stack(scalars.map((s) => (typeof s === "number" ? tf.scalar(s) : s))));
  tf.dispose([...scalars]);
  const values = await stacked.data();
  stacked.dispose();
  return Array.from(values);
}

/**
 * The algebra on float32 tensors of the TensorFlow.js backend that is active now. Every step and evaluation passes
 * through `scope`, which refuses to compute on another one: a run is never recorded under a backend it was not made on.
 * Vectors are tensors of any shape. Scalars that are computed from vectors are numbers of the host on backends that have
 * `HostReductions`, and else tensors of rank 0. Outside `scope` the caller owns every result. Norms neither overflow nor
 * vanish where the norm itself is a float32 number.
 *
 * @param host the backend's, which are found where none are given; null: scalars stay on the device
 */
export function tensorAlgebra(
  host: HostReductions | null = hostReductionsOf(tf.getBackend()) ?? null,
): TensorAlgebra & { readonly backend: string } {
  const backend = tf.getBackend();
  const deferred = deferredOperationsOf(backend);
  const memory = new ScopeMemory(deferred);
  const operand = (s: Scalar) => (typeof s === "number" ? memory.constant(s) : s);
  const add = (a: Tensor, b: Tensor) => memory.made("sum", [a, b], () => tf.add(a, b));
  const scale = (s: Scalar, a: Tensor) => memory.made("product", [s, a], () => tf.mul(operand(s), a));
  const divideBy = (a: Tensor, s: Scalar) => memory.made("quotient", [a, s], () => tf.div(a, operand(s)));
  const subtract = (a: Tensor, b: Tensor) => memory.made("difference", [a, b], () => tf.sub(a, b));
  const multiply = (a: Tensor, b: Tensor) => memory.made("product", [a, b], () => tf.mul(a, b));
  const sum = host
    ? (a: Tensor) => Math.fround(host.sum(a))
    : (a: Tensor) => memory.reduced("total", a, () => accurateSum(a));
  const norm = host
    ? (a: Tensor, p: Norm) => Math.fround(host.norm(a, p))
    : (a: Tensor, p: Norm) => memory.reduced(reductionOf.get(p), a, () => deviceNorm(a, p));
  const over = scalarOperation(
    (s, t) => s / t,
    (s, t) => memory.made("quotient", [s, t], () => tf.div(operand(s), operand(t))),
  );
  return {
    backend,
    precision: "float32",
    stepsPerRead: host ? 1 : 16,
    vector: (values, shape = [values.length]) => tf.tensor(Float32Array.from(values), [...shape]),
    scalar: Math.fround,
    zerosLike: (a) => tf.zerosLike(a),
    read: (scalars) => (areNumbers(scalars) ? [...scalars] : readTensors(scalars, deferred)),
    values: async (a) => (typeof a === "number" ? Float64Array.of(a) : Float64Array.from(await a.data())),
    isScalar: (a): a is Scalar => typeof a === "number" || a.rank === 0,

    add,
    subtract,
    multiply,
    divide: (a, b) => memory.made("quotient", [a, b], () => tf.div(a, b)),
    scale,
    divideBy,
    scaleByQuotient(s, t, a) {
      const quotient = typeof s === "number" && typeof t === "number" ? s / t : Number.NaN;
      // One operation in place of two, where it loses nothing.
      if (isNormal(quotient)) return scale(Math.fround(quotient), a);
      return tf.tidy(() => scale(s, divideBy(a, t)));
    },
    addScaled: (a, s, b) => tf.tidy(() => add(a, scale(s, b))),
    shift: (a, c) => memory.made("sum", [a, c], () => tf.tidy(() => tf.add(a, c))),
    absolute: (a) => memory.made("magnitude", [a], () => tf.abs(a)),
    sign: (a) => memory.made("sign", [a], () => sign(a)),
    signOrOne: (a) => memory.made("signOrOne", [a], () => tf.tidy(() => tf.sub(1, tf.mul(tf.step(tf.neg(a)), 2)))),
    squareRoot: (a) => memory.made("squareRoot", [a], () => tf.sqrt(a)),
    exponential: (a) => tf.exp(a),
    cosine: (a) => tf.cos(a),
    power: (a, c) => tf.tidy(() => tf.pow(a, c)),
    clip: (a, low, high) => memory.made("clipped", [a, low, high], () => clip(a, low, high)),
    logistic: (a) => ({ sigmoid: tf.sigmoid(a), softplus: tf.softplus(a) }),
    ifLessEach: (a, b, then, otherwise) =>
      memory.made("chosen", [a, b, then, otherwise], () => tf.tidy(() => tf.where(tf.less(a, b), then, otherwise))),

    norm: (a, p) => memory.norm(a, p, () => norm(a, p)),
    distance: (a, b) => (host ? norm(tf.sub(a, b), 2) : tf.tidy(() => norm(subtract(a, b), 2) as Tensor)),
    dot: (a, b) => (host ? Math.fround(host.dot(a, b)) : tf.tidy(() => sum(multiply(a, b)) as Tensor)),
    sum,
    mean: (a) => (host ? Math.fround(host.sum(a) / a.size) : tf.tidy(() => over(sum(a), a.size) as Tensor)),

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

    plus: scalarOperation(
      (s, t) => s + t,
      (s, t) => memory.made("sum", [s, t], () => tf.add(operand(s), operand(t))),
    ),
    minus: scalarOperation(
      (s, t) => s - t,
      (s, t) => memory.made("difference", [s, t], () => tf.sub(operand(s), operand(t))),
    ),
    times: scalarOperation(
      (s, t) => s * t,
      (s, t) => memory.made("product", [s, t], () => tf.mul(operand(s), operand(t))),
    ),
    over,
    root: scalarOperation(Math.sqrt, (s) => memory.made("squareRoot", [s], () => tf.sqrt(s))),
    ifLess(s, t, then, otherwise) {
      if (typeof s === "number" && typeof t === "number") return s < t ? then : otherwise;
      return memory.made("chosen", [s, t, then, otherwise], () =>
        tf.tidy(() => tf.where(tf.less(operand(s), operand(t)), operand(then), operand(otherwise))),
      );
    },

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

    ...(deferred && { settle: (values) => deferred.settle(values.filter((value) => typeof value !== "number")) }),
    scope<T>(f: () => T, keptOf?: (result: T) => readonly Scalar[]): T {
      if (tf.getBackend() !== backend) {
        throw new Error(`backend ${tf.getBackend()} is active where ${backend} is to compute`);
      }
      // Where scalars are numbers only vectors are to be kept; else the whole result is looked through for them too.
      let result: T;
      const kept = () => {
        result = f();
        return host && keptOf ? [...keptOf(result)] : (result as tf.TensorContainer);
      };
      memory.within(() => tf.tidy(kept));
      return result!;
    },
    dispose: (values) => tf.dispose([...values]),
  };
}
