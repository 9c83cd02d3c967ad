// The operations of the algebra over several runs: vectors are [runs, n], scalars [runs, 1], and what all runs share has
// the length 1 in place of the runs.
import * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import {
  type DeferredOperations,
  deferredOperationsOf,
  type Entries,
  type EntrywiseOperation,
} from "./deferred-operations.js";
import { columnNormsOfEach, rowNorms, rowSums } from "./device-reductions.js";
import { hostReductionsOf } from "./host-reductions.js";
import type { StackedCall, StackedOperation } from "./recording-graph.js";
import { reductionOf, sign } from "./tensors.js";

type Tensor = tf.Tensor;

/** An operation without arguments. */
export function stackedOperation(
  name: string,
  compute: (...operands: Tensor[]) => Tensor | readonly Tensor[],
): StackedOperation {
  return { name, compute: (operands) => compute(...operands) };
}

/** Operations that depend on lengths or a norm: the same object for the same ones, so that runs are seen to do the same. */
function family<Parameters extends readonly unknown[]>(
  name: string,
  compute: (...parameters: Parameters) => (...operands: Tensor[]) => Tensor | readonly Tensor[],
): (...parameters: Parameters) => StackedOperation {
  const known = new Map<string, StackedOperation>();
  return (...parameters) => {
    const key = parameters.join();
    const operation = known.get(key) ?? stackedOperation(`${name} ${key}`, compute(...parameters));
    known.set(key, operation);
    return operation;
  };
}

const each = (a: Tensor, rows: number, columns: number) => tf.reshape(a, [a.shape[0]!, rows, columns]);
const flat = (a: Tensor) => tf.reshape(a, [a.shape[0]!, a.size / a.shape[0]!]);

/** What is shared is repeated where something else is not, for operations that do not do that themselves. */
export function spread(tensors: readonly Tensor[]): Tensor[] {
  const runs = Math.max(...tensors.map(({ shape }) => shape[0]!));
  return tensors.map((a) => (a.shape[0] === runs ? a : tf.tile(a, [runs, ...Array<number>(a.rank - 1).fill(1)])));
}

/** What the active backend may put off of such shapes. */
function broadcasting(): DeferredOperations | undefined {
  const deferred = deferredOperationsOf(tf.getBackend());
  return deferred?.broadcasts ? deferred : undefined;
}

/** The result of an operation that may be put off, and else of `compute`. */
const made = (operation: EntrywiseOperation, operands: readonly Entries[], compute: () => Tensor): Tensor =>
  broadcasting()?.make(operation, operands) ?? compute();

/** Limits the entries, but not NaN, as everywhere. */
function clip(a: Tensor, low: Tensor, high: Tensor): Tensor {
  return made("clipped", [a, low, high], () =>
    tf.tidy(() => tf.add(tf.minimum(tf.maximum(a, low), high), tf.mul(tf.step(a), 0))),
  );
}

const isSame = (a: Float32Array, b: Float32Array) => a.length === b.length && a.every((x, i) => Object.is(x, b[i]));

/** Numbers of the host, one array a run. */
export const vector: StackedOperation<Float32Array> = {
  name: "vector",
  compute(_, { arguments: [first, ...others] }: StackedCall<Float32Array>) {
    const { length } = first!;
    if (others.every((other) => other === first || isSame(other, first!))) return tf.tensor(first!, [1, length]);
    const all = new Float32Array(length * (1 + others.length));
    for (const [run, values] of [first!, ...others].entries()) all.set(values, run * length);
    return tf.tensor(all, [1 + others.length, length]);
  },
};

export const zeros = family("zeros", (size: number) => () => tf.zeros([1, size]));

const sumOf = (a: Tensor, b: Tensor) => made("sum", [a, b], () => tf.add(a, b));
const differenceOf = (a: Tensor, b: Tensor) => made("difference", [a, b], () => tf.sub(a, b));
const productOf = (a: Tensor, b: Tensor) => made("product", [a, b], () => tf.mul(a, b));
/** a/b, b being as a, or one number of each row or of all. */
export const quotientOf = (a: Tensor, b: Entries): Tensor => made("quotient", [a, b], () => tf.div(a, b));

export const add = stackedOperation("add", (a, b) => sumOf(a!, b!));
export const subtract = stackedOperation("subtract", (a, b) => differenceOf(a!, b!));
export const multiply = stackedOperation("multiply", (a, b) => productOf(a!, b!));
export const divide = stackedOperation("divide", (a, b) => quotientOf(a!, b!));
export const addScaled = stackedOperation("addScaled", (a, s, b) => tf.tidy(() => sumOf(a!, productOf(s!, b!))));
export const scaleByQuotient = stackedOperation("scaleByQuotient", (s, t, a) =>
  tf.tidy(() => productOf(s!, quotientOf(a!, t!))),
);
export const absolute = stackedOperation("absolute", (a) => made("magnitude", [a!], () => tf.abs(a!)));
export const signs = stackedOperation("sign", (a) => made("sign", [a!], () => sign(a!)));
export const signsOrOne = stackedOperation("signOrOne", (a) =>
  made("signOrOne", [a!], () => tf.tidy(() => tf.sub(1, tf.mul(tf.step(tf.neg(a!)), 2)))),
);
export const squareRoot = stackedOperation("squareRoot", (a) => made("squareRoot", [a!], () => tf.sqrt(a!)));
export const exponential = stackedOperation("exponential", (a) => tf.exp(a!));
export const cosine = stackedOperation("cosine", (a) => tf.cos(a!));
export const power = stackedOperation("power", (a, c) => tf.pow(a!, c!));
export const limit = stackedOperation("clip", (a, low, high) => clip(a!, low!, high!));
export const sigmoid = stackedOperation("sigmoid", (a) => tf.sigmoid(a!));
export const softplus = stackedOperation("softplus", (a) => tf.softplus(a!));
export const whereLess = stackedOperation("whereLess", (a, b, then, otherwise) =>
  made("chosen", [a!, b!, then!, otherwise!], () => tf.tidy(() => tf.where(tf.less(a!, b!), then!, otherwise!))),
);

/** The sum of each row, as [rows, 1]. */
export const sumsOf = (a: Tensor): Tensor => broadcasting()?.reduceRows?.("total", a) ?? rowSums(a);

function norms(a: Tensor, p: Norm): Tensor {
  const reduction = reductionOf.get(p);
  const isRead = hostReductionsOf(tf.getBackend()) !== undefined;
  return (reduction && broadcasting()?.reduceRows?.(reduction, a)) ?? rowNorms(a, p, isRead);
}

export const norm = family("norm", (p: Norm) => (a) => norms(a!, p));
export const distance = stackedOperation("distance", (a, b) => tf.tidy(() => norms(differenceOf(a!, b!), 2)));
export const dot = stackedOperation("dot", (a, b) => tf.tidy(() => sumsOf(productOf(a!, b!))));
export const sum = stackedOperation("sum", (a) => sumsOf(a!));
export const mean = stackedOperation("mean", (a) => tf.tidy(() => quotientOf(sumsOf(a!), a!.shape[1]!)));

/** A·x; a matrix that all runs share is multiplied by all vectors at once. */
export const multiplyMatrix = family(
  "multiplyMatrix",
  (rows: number, columns: number) => (entries, x) =>
    tf.tidy(() => {
      if (entries!.shape[0] === 1)
        return tf.matMul(x as tf.Tensor2D, tf.reshape(entries!, [rows, columns]), false, true);
      return flat(tf.matMul(each(entries!, rows, columns), each(x!, columns, 1)));
    }),
);
/** Aᵀy as the row yᵀA. */
export const multiplyTransposed = family(
  "multiplyTransposed",
  (rows: number, columns: number) => (entries, y) =>
    tf.tidy(() => {
      if (entries!.shape[0] === 1) return tf.matMul(y as tf.Tensor2D, tf.reshape(entries!, [rows, columns]));
      return flat(tf.matMul(each(y!, 1, rows), each(entries!, rows, columns)));
    }),
);
export const multiplyMatrices = family(
  "multiplyMatrices",
  (rows: number, inner: number, columns: number) => (a, b) =>
    tf.tidy(() => flat(tf.matMul(each(a!, rows, inner), each(b!, inner, columns)))),
);
export const transpose = family(
  "transpose",
  (rows: number, columns: number) => (a) => tf.tidy(() => flat(tf.transpose(each(a!, rows, columns), [0, 2, 1]))),
);
export const columnNorms = family(
  "columnNorms",
  (rows: number, columns: number, p: Norm) => (a) => tf.tidy(() => columnNormsOfEach(each(a!, rows, columns), p)),
);
export const columnSums = family(
  "columnSums",
  (rows: number, columns: number) => (a) => tf.tidy(() => tf.sum(each(a!, rows, columns), 1)),
);
export const repeatRow = family("repeatRow", (rows: number) => (row) => tf.tile(row!, [1, rows]));

export const concatenate = stackedOperation("concatenate", (...parts) => tf.tidy(() => tf.concat(spread(parts), 1)));
export const split = family(
  "split",
  (...sizes: number[]) =>
    (whole) =>
      tf.split(whole!, sizes, 1),
);
