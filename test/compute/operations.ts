import fc from "fast-check";
import { type Algebra, smallestNormal } from "../../src/compute/algebra.js";

export interface Operands<V, S> {
  readonly a: V;
  readonly b: V;
  /** Nowhere nearer to 0 than 1/4 */
  readonly divisor: V;
  readonly s: S;
  readonly t: S;
  readonly rows: number;
  readonly columns: number;
}

export interface Operation {
  readonly name: string;
  run<V, S>(algebra: Algebra<V, S>, operands: Operands<V, S>): { vectors?: V[]; scalars?: S[] };
}

/** One row an operation of the algebra. */
export const operations: readonly Operation[] = [
  { name: "add", run: (A, { a, b }) => ({ vectors: [A.add(a, b)] }) },
  { name: "subtract", run: (A, { a, b }) => ({ vectors: [A.subtract(a, b)] }) },
  { name: "multiply", run: (A, { a, b }) => ({ vectors: [A.multiply(a, b)] }) },
  { name: "divide", run: (A, { a, divisor }) => ({ vectors: [A.divide(a, divisor)] }) },
  { name: "scale", run: (A, { a, s }) => ({ vectors: [A.scale(s, a)] }) },
  { name: "scaleByQuotient", run: (A, { a, s }) => ({ vectors: [A.scaleByQuotient(s, A.scalar(-3), a)] }) },
  { name: "addScaled", run: (A, { a, b, s }) => ({ vectors: [A.addScaled(a, s, b)] }) },
  { name: "shift", run: (A, { a }) => ({ vectors: [A.shift(a, 0.75)] }) },
  { name: "absolute", run: (A, { a }) => ({ vectors: [A.absolute(a)] }) },
  { name: "sign", run: (A, { a }) => ({ vectors: [A.sign(a)] }) },
  { name: "signOrOne", run: (A, { a }) => ({ vectors: [A.signOrOne(a)] }) },
  { name: "squareRoot", run: (A, { a }) => ({ vectors: [A.squareRoot(A.absolute(a))] }) },
  { name: "clip", run: (A, { a }) => ({ vectors: [A.clip(a, -1.5, 0.5)] }) },
  {
    name: "logistic",
    run(A, { a }) {
      const { sigmoid, softplus } = A.logistic(A.scale(A.scalar(8), a));
      return { vectors: [sigmoid, softplus] };
    },
  },
  { name: "zerosLike", run: (A, { a }) => ({ vectors: [A.zerosLike(a)] }) },
  { name: "norm 1", run: (A, { a }) => ({ scalars: [A.norm(a, 1)] }) },
  { name: "norm 2", run: (A, { a }) => ({ scalars: [A.norm(a, 2)] }) },
  { name: "norm infinity", run: (A, { a }) => ({ scalars: [A.norm(a, "infinity")] }) },
  { name: "norm 1.5, 3 and 200", run: (A, { a }) => ({ scalars: [1.5, 3, 200].map((p) => A.norm(a, p)) }) },
  { name: "dot", run: (A, { a, b }) => ({ scalars: [A.dot(a, b)] }) },
  { name: "sum", run: (A, { a }) => ({ scalars: [A.sum(a)] }) },
  { name: "mean", run: (A, { a }) => ({ scalars: [A.mean(a)] }) },
  {
    name: "multiplyMatrix",
    run: (A, { a, b, rows, columns }) => {
      const [x] = A.split(b, [A.vector(new Float32Array(columns)), A.vector(new Float32Array((rows - 1) * columns))]);
      return { vectors: [A.multiplyMatrix({ rows, columns, entries: a }, x!)] };
    },
  },
  {
    name: "multiplyTransposed",
    run: (A, { a, b, rows, columns }) => {
      const [y] = A.split(b, [A.vector(new Float32Array(rows)), A.vector(new Float32Array(rows * (columns - 1)))]);
      return { vectors: [A.multiplyTransposed({ rows, columns, entries: a }, y!)] };
    },
  },
  {
    name: "multiplyMatrices and transpose",
    run: (A, { a, b, rows, columns }) => {
      const product = A.multiplyMatrices({ rows, columns, entries: a }, A.transpose({ rows, columns, entries: b }));
      return { vectors: [product.entries] };
    },
  },
  { name: "exponential", run: (A, { a }) => ({ vectors: [A.exponential(a)] }) },
  { name: "power", run: (A, { a }) => ({ vectors: [A.power(A.shift(A.absolute(a), 0.5), -1.5)] }) },
  { name: "ifLessEach", run: (A, { a, b, divisor }) => ({ vectors: [A.ifLessEach(a, b, divisor, a)] }) },
  {
    name: "columnNorms and columnSums",
    run: (A, { a: entries, rows, columns }) => {
      const matrix = { rows, columns, entries };
      const norms = ([1, 1.5, 2, 3, 200, "infinity"] as const).map((p) => A.columnNorms(matrix, p));
      return { vectors: [...norms, A.columnSums(matrix)] };
    },
  },
  {
    name: "repeatRow",
    run: (A, { a, rows, columns }) => ({
      vectors: [A.multiply(a, A.repeatRow(A.columnSums({ rows, columns, entries: a }), rows))],
    }),
  },
  { name: "root", run: (A, { s }) => ({ scalars: [A.root(A.times(s, s))] }) },
  { name: "plus", run: (A, { s, t }) => ({ scalars: [A.plus(s, t)] }) },
  { name: "minus", run: (A, { s, t }) => ({ scalars: [A.minus(s, t)] }) },
  { name: "times", run: (A, { s, t }) => ({ scalars: [A.times(s, t)] }) },
  { name: "over", run: (A, { s }) => ({ scalars: [A.over(s, A.scalar(-3))] }) },
  {
    name: "ifLess",
    run: (A, { s, t }) => ({
      scalars: [
        A.ifLess(s, t, A.scalar(1), A.scalar(2)),
        A.ifLess(A.scalar(1), A.scalar(2), s, A.scalar(Number.NaN)),
        A.ifLess(A.scalar(2), A.scalar(2), A.scalar(Number.NaN), t),
      ],
    }),
  },
  { name: "concatenate", run: (A, { a, b }) => ({ vectors: [A.concatenate([a, b, a])] }) },
  { name: "split", run: (A, { a, b }) => ({ vectors: A.split(A.concatenate([b, a]), [a, b]) }) },
];

const entry = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.float({ min: -4, max: 4, noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom(1e-3, -1e-5, 1e-7, -1e-8, 1e-20, -1e-37).map(Math.fround) },
);

export const operands = fc
  .record({ rows: fc.integer({ min: 2, max: 9 }), columns: fc.integer({ min: 2, max: 9 }) })
  .chain(({ rows, columns }) => {
    const entries = fc.array(entry, { minLength: rows * columns, maxLength: rows * columns });
    return fc.record({
      rows: fc.constant(rows),
      columns: fc.constant(columns),
      a: entries,
      b: entries,
      s: entry,
      t: entry,
    });
  });

export type Drawn = typeof operands extends fc.Arbitrary<infer T> ? T : never;

export function onAlgebra<V, S>(A: Algebra<V, S>, { a, b, s, t, rows, columns }: Drawn): Operands<V, S> {
  const divisor = b.map((x) => Math.fround(x < 0 ? x - 0.25 : x + 0.25));
  const vector = (values: number[]) => A.vector(values, [rows, columns]);
  // Of a vector, so that it lies where the scalars do that are computed.
  const scalar = (value: number) => A.scope(() => A.sum(A.vector([value])));
  return { a: vector(a), b: vector(b), divisor: vector(divisor), s: scalar(s), t: scalar(t), rows, columns };
}

/** As backends see them that take subnormal numbers for 0. */
export function withoutSubnormals(drawn: Drawn): Drawn {
  const flush = (x: number) => (Math.abs(x) < smallestNormal.float32 ? 0 : x);
  return { ...drawn, a: drawn.a.map(flush), b: drawn.b.map(flush), s: flush(drawn.s), t: flush(drawn.t) };
}

export async function results<V, S>(A: Algebra<V, S>, operation: Operation, drawn: Drawn): Promise<number[][]> {
  const { vectors = [], scalars = [] } = A.scope(() => operation.run(A, onAlgebra(A, drawn)));
  const values = await Promise.all(vectors.map((vector) => A.values(vector)));
  A.dispose(vectors);
  return [...values.map((each) => Array.from(each)), [...(await A.read(scalars))]];
}
