import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Algebra, type Norm, smallestNormal } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { type Scalar, type TensorAlgebra, tensorAlgebra } from "../../src/compute/tensors.js";
import { keepsSubnormals, testedBackends } from "../tested-backends.js";

interface Operands<V, S> {
  readonly a: V;
  readonly b: V;
  /** Nowhere nearer to 0 than 1/4 */
  readonly divisor: V;
  readonly s: S;
  readonly t: S;
  readonly rows: number;
  readonly columns: number;
}

interface Operation {
  readonly name: string;
  run<V, S>(algebra: Algebra<V, S>, operands: Operands<V, S>): { vectors?: V[]; scalars?: S[] };
}

/** One row an operation of the algebra. */
const operations: readonly Operation[] = [
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

const operands = fc
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

type Drawn = typeof operands extends fc.Arbitrary<infer T> ? T : never;

function onAlgebra<V, S>(A: Algebra<V, S>, { a, b, s, t, rows, columns }: Drawn): Operands<V, S> {
  const divisor = b.map((x) => Math.fround(x < 0 ? x - 0.25 : x + 0.25));
  const vector = (values: number[]) => A.vector(values, [rows, columns]);
  // Of a vector, so that it lies where the scalars do that are computed.
  const scalar = (value: number) => A.scope(() => A.sum(A.vector([value])));
  return { a: vector(a), b: vector(b), divisor: vector(divisor), s: scalar(s), t: scalar(t), rows, columns };
}

/** As backends see them that take subnormal numbers for 0. */
function withoutSubnormals(drawn: Drawn): Drawn {
  const flush = (x: number) => (Math.abs(x) < smallestNormal.float32 ? 0 : x);
  return { ...drawn, a: drawn.a.map(flush), b: drawn.b.map(flush), s: flush(drawn.s), t: flush(drawn.t) };
}

async function results<V, S>(A: Algebra<V, S>, operation: Operation, drawn: Drawn): Promise<number[][]> {
  const { vectors = [], scalars = [] } = A.scope(() => operation.run(A, onAlgebra(A, drawn)));
  const values = await Promise.all(vectors.map((vector) => A.values(vector)));
  A.dispose(vectors);
  return [...values.map((each) => Array.from(each)), [...(await A.read(scalars))]];
}

/** As a backend is used, and as one whose scalars stay on the device. */
const cases = testedBackends.flatMap((name) => [
  { name, scalars: "its own" } as const,
  { name, scalars: "device" } as const,
]);

describe.each(cases)("the algebra on $name, scalars: $scalars", ({ name, scalars: kind }) => {
  let A: TensorAlgebra;
  beforeAll(async () => {
    const { algebra } = await startBackend(name);
    A = kind === "device" ? tensorAlgebra(null) : algebra;
  });

  it.each(operations)("computes $name as float64 does, and frees what it makes", async (operation) => {
    await fc.assert(
      fc.asyncProperty(keepsSubnormals(name) ? operands : operands.map(withoutSubnormals), async (drawn) => {
        const before = tf.memory().numTensors;
        const found = await results(A, operation, drawn);
        const expected = await results(float64, operation, drawn);
        expect(found.map((each) => each.length)).toEqual(expected.map((each) => each.length));
        // Every intermediate quantity is below 81 · 16: twenty roundings of that, relative to it.
        const largest = Math.max(1, ...drawn.a.map(Math.abs)) * Math.max(1, ...drawn.b.map(Math.abs));
        const tolerance = 20 * 2 ** -24 * (operation.name.match(/dot|sum|norm|mean|Matri|Transp/) ? 81 : 8) * largest;
        found.flat().forEach((value, i) => {
          expect(Math.abs(value - expected.flat()[i]!), `${value}, not ${expected.flat()[i]}`).toBeLessThan(tolerance);
        });
        expect(tf.memory().numTensors).toBe(before);
      }),
      { seed: 7, numRuns: 12 },
    );
  });

  it("leaves nothing but its result outside a scope", () => {
    for (const operation of operations) {
      if (/multiply[MT]|ifLess|split|squareRoot|logistic|over|power|root|repeatRow/.test(operation.name)) continue;
      const arguments_ = onAlgebra(A, { rows: 2, columns: 40, a: Array(80).fill(2), b: Array(80).fill(3), s: 1, t: 2 });
      const before = tf.memory().numTensors;
      const { vectors = [], scalars = [] } = operation.run(A, arguments_);
      const made = [...vectors, ...scalars].filter((result) => result instanceof tf.Tensor);
      expect(tf.memory().numTensors - before, operation.name).toBe(made.length);
      A.dispose([...vectors, ...scalars]);
      A.dispose([arguments_.a, arguments_.b, arguments_.divisor, arguments_.s, arguments_.t]);
    }
  });

  it("keeps shapes when it splits", () => {
    const shapes = A.scope(() => {
      const parts = [A.vector([1, 2, 3, 4, 5, 6], [2, 3]), A.vector([7]), A.vector([8, 9], [1, 1, 2])];
      return A.split(A.concatenate(parts), parts).map(({ shape }) => shape);
    });
    expect(shapes).toEqual([[2, 3], [1], [1, 1, 2]]);
  });

  // 235 231 is prime: no rows without padding.
  it.each([[[784, 300]], [[235_200]], [[235_231]], [[1, 235_200]], [[58_800, 4]]])(
    "sums the squares of %j to better than 2e-6",
    async (shape) => {
      const size = shape.reduce((product, length) => product * length);
      const values = Float32Array.from({ length: size }, (_, i) => 0.04 * Math.sin(i * i));
      const exact = values.reduce((sum, x) => sum + x * x, 0);
      const w = A.vector(values, shape);
      const [norm = 0, dot = 0, naive = 0] = await A.read([A.norm(w, 2), A.dot(w, w), tf.sum(tf.square(w))]);
      A.dispose([w]);
      expect(Math.abs(norm ** 2 / exact - 1)).toBeLessThan(2e-6);
      expect(Math.abs(dot / exact - 1)).toBeLessThan(2e-6);
      // Without the detour wasm would lose digits; the cpu backend adds in float64.
      if (name === "wasm") expect(Math.abs(naive / exact - 1)).toBeGreaterThan(5e-6);
    },
  );

  it("lets NaN through at every position and in every norm", async () => {
    for (const size of [1, 2, 3, 4, 5, 8, 17, 100]) {
      const scalars: Scalar[] = [];
      for (let position = 0; position < size; position++) {
        const values = Array.from({ length: size }, (_, i) => (i === position ? Number.NaN : i - 2));
        scalars.push(
          ...A.scope(() => {
            const a = A.vector(values);
            return [
              ...([1, 1.5, 2, 200, "infinity"] as Norm[]).map((p) => A.norm(a, p)),
              A.sum(A.sign(a)),
              A.sum(A.clip(a, -1, 1)),
            ];
          }),
        );
      }
      expect((await A.read(scalars)).filter((value) => !Number.isNaN(value))).toEqual([]);
    }
  });

  it("takes each norm once in the outermost scope, and forgets it afterwards", () => {
    const a = A.vector([3, 4]);
    // Scalars are tensors where nothing brings them to the host at once.
    const isOnDevice = (s: Scalar) => typeof s !== "number";
    A.scope(() => {
      A.dispose([A.scope(() => A.norm(a, 1))]);
      const norm = A.norm(a, 1);
      expect(isOnDevice(norm) && (norm as tf.Tensor).isDisposed).toBe(false);
      expect(A.norm(a, 1)).toBe(norm);
      expect(A.norm(a, 2)).not.toBe(norm);
    });
    const [first, second] = [A.norm(a, 2), A.norm(a, 2)];
    if (isOnDevice(first)) expect(first).not.toBe(second);
    A.dispose([a, first, second]);
  });

  it("recomputes a norm that an inner scope has freed", async () => {
    const a = A.vector([3, 4]);
    const norm = A.scope(() => {
      A.scope(() => {
        A.norm(a, 2);
      });
      return A.norm(a, 2);
    });
    expect(await A.read([norm])).toEqual([5]);
    A.dispose([a]);
  });

  it("reads any number of scalars back at once, and frees them", async () => {
    const before = tf.memory().numTensors;
    const scalars = [A.scalar(1), tf.scalar(2), tf.scalar(3)];
    const asynchronous = vi.spyOn(tf.Tensor.prototype, "data");
    const synchronous = vi.spyOn(tf.Tensor.prototype, "dataSync");
    expect(await A.read(scalars)).toEqual([1, 2, 3]);
    expect(asynchronous).toHaveBeenCalledTimes(1);
    expect(synchronous).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(await A.read([])).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
