import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { absoluteLoss, logisticLoss, squaredLoss } from "../../src/problems/regression-losses.js";

const numbers = (count: number, name: string) => {
  const stream = randomStream({ seed: 0, name });
  return Float64Array.from({ length: count }, () => stream.normal());
};

describe("a product of a matrix and a vector", () => {
  /** Four sums of the entries in turn, the rest to the first; of few entries a single one. */
  function dotByDefinition(a: Float64Array, b: Float64Array) {
    const sums = [0, 0, 0, 0];
    const whole = a.length < 32 ? 0 : a.length - (a.length % 4);
    a.forEach((x, i) => {
      sums[i < whole ? i % 4 : 0]! += x * b[i]!;
    });
    return sums[0]! + sums[1]! + (sums[2]! + sums[3]!);
  }

  test("is the same to the bit wherever the matrix lies, and as it is defined", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 33, max: 140 }), (rows, columns) => {
        const given = numbers(rows * columns, `${rows} × ${columns}`);
        const [x, y] = [numbers(columns, "x"), numbers(rows, "y")];
        // Made outside a scope it is constant, and where it is large WebAssembly has a copy of it.
        const [constant, foreign] = [float64.vector(given), given].map((entries) => ({ rows, columns, entries }));
        const product = float64.multiplyMatrix(constant!, x);
        expect(product).toEqual(float64.multiplyMatrix(foreign!, x));
        expect(product).toEqual(
          Float64Array.from({ length: rows }, (_, i) =>
            dotByDefinition(given.subarray(i * columns, (i + 1) * columns), x),
          ),
        );
        const transposed = float64.multiplyTransposed(constant!, y);
        expect(transposed).toEqual(float64.multiplyTransposed(foreign!, y));
        const sums = new Float64Array(columns);
        for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sums[j]! += given[i * columns + j]! * y[i]!;
        expect(transposed).toEqual(sums);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test("sees NaN and infinity", () => {
    const [rows, columns] = [100, 50];
    const entries = float64.vector(numbers(rows * columns, "A"));
    const x = new Float64Array(columns).fill(1);
    x[7] = Number.NaN;
    expect(float64.multiplyMatrix({ rows, columns, entries }, x).every(Number.isNaN)).toBe(true);
    x[7] = Number.POSITIVE_INFINITY;
    expect(float64.multiplyMatrix({ rows, columns, entries }, x).some(Number.isFinite)).toBe(false);
  });

  test("knows a matrix by its shape too", () => {
    const entries = float64.vector(numbers(6400, "A"));
    const wide = float64.multiplyMatrix({ rows: 64, columns: 100, entries }, numbers(100, "x"));
    expect(float64.multiplyMatrix({ rows: 100, columns: 64, entries }, numbers(64, "x"))).toHaveLength(100);
    expect(float64.multiplyMatrix({ rows: 64, columns: 100, entries }, numbers(100, "x"))).toEqual(wide);
  });

  test("is of what a matrix of one step holds, not of what lay there a step ago", () => {
    const [rows, columns] = [64, 100];
    const x = numbers(columns, "x");
    for (const step of ["1", "2", "3"]) {
      const given = numbers(rows * columns, step);
      const sum = float64.scope(() => {
        const matrix = { rows, columns, entries: float64.vector(given) };
        return float64.sum(float64.multiplyMatrix(matrix, x));
      });
      expect(sum).toBe(float64.sum(float64.multiplyMatrix({ rows, columns, entries: given }, x)));
    }
  });
});

describe.each([3, 3000])("what is made in a scope, %i numbers large,", (size) => {
  const ones = () => float64.vector(new Float64Array(size).fill(1));

  test("is used again afterwards, save what the scope returns", () => {
    let inner: Float64Array | undefined;
    const { kept } = float64.scope(() => {
      inner = ones();
      return { kept: [{ doubled: float64.add(inner, inner) }] };
    });
    const doubled = kept[0]!.doubled;
    const next = float64.scope(() => [float64.subtract(doubled, doubled), ones(), ones()]);
    expect(next).toContain(inner);
    expect(next).not.toContain(doubled);
    expect(new Set(next).size).toBe(3);
    expect(doubled.every((entry) => entry === 2)).toBe(true);
  });

  test("is used again save the vectors that it is told of", () => {
    let [inner, outer]: Float64Array[] = [];
    const told = float64.scope(
      () => {
        [inner, outer] = [ones(), ones()];
        return { inner, outer };
      },
      (made) => [made.outer],
    );
    expect(told).toEqual({ inner: ones(), outer: ones() });
    const next = float64.scope(() => [ones(), ones(), ones()]);
    expect(next).toContain(inner);
    expect(next).not.toContain(outer);
    float64.dispose([...next, outer!]);
  });

  test("of which more and more is disposed of by nobody is forgotten, and nothing else", () => {
    const kept = Array.from({ length: 3000 }, () => float64.scope(ones));
    expect(new Set(kept).size).toBe(3000);
    float64.dispose(kept);
    const next = float64.scope(() => Array.from({ length: 3000 }, ones));
    expect(new Set(next).size).toBe(3000);
    float64.dispose(next);
  });

  test("is zero where it is to be, whatever it was", () => {
    float64.scope(() => void ones());
    const zeros = float64.scope(() => [float64.zerosLike(new Float64Array(size)), float64.zerosLike(ones())]);
    expect(zeros.every((vector) => vector.every((entry) => entry === 0))).toBe(true);
  });

  test("is used again once it is disposed of, where it outlived its scope, and only once", () => {
    const [kept, constant] = [float64.scope(ones), ones()];
    float64.dispose([kept, constant]);
    float64.dispose([kept, 1]);
    const next = float64.scope(() => [ones(), ones(), ones()]);
    expect(next.filter((vector) => vector === kept)).toHaveLength(1);
    expect(next).not.toContain(constant);
  });

  test("lasts to the end of the outer scope where an inner one returns it", () => {
    float64.scope(() => {
      const returned = float64.scope(() => float64.add(ones(), ones()));
      float64.scope(() => [ones(), ones(), ones()]);
      expect(returned.every((entry) => entry === 2)).toBe(true);
    });
  });

  test("has the norm of its own entries where an inner scope has released another", () => {
    const source = ones();
    const scaled = (s: number) => float64.norm(float64.scale(s, source), "infinity");
    expect(float64.scope(() => [float64.scope(() => scaled(3)), scaled(4)])).toEqual([3, 4]);
  });

  test("is left alone where the scope fails", () => {
    let inner: Float64Array | undefined;
    const failing = () => {
      inner = ones();
      throw new Error("in the middle");
    };
    expect(() => float64.scope(failing)).toThrow("in the middle");
    expect(float64.scope(() => [ones(), ones()])).not.toContain(inner);
  });

  test("has norms that are those of its entries, in any p, a step later too", () => {
    for (const entry of [1, 2, 3]) {
      const norms = float64.scope(() => {
        const vector = float64.vector([3 * entry, -4 * entry]);
        return ([2, 1, "infinity", 2] as const).map((p) => float64.norm(vector, p));
      });
      expect(norms).toEqual([5 * entry, 7 * entry, 4 * entry, 5 * entry]);
    }
  });
});

test("a diagonal form is to the bit what its parts give, the norm of its product included", () => {
  const entry = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 });
  const three = fc.integer({ min: 1, max: 70 }).chain((n) => {
    const vector = fc.array(entry, { minLength: n, maxLength: n }).map((entries) => Float64Array.from(entries));
    return fc.tuple(vector, vector, vector);
  });
  fc.assert(
    fc.property(three, ([diagonal, x, center]) => {
      const error = float64.subtract(x, center);
      const product = float64.multiply(diagonal, error);
      const norm = float64.norm(product, 2);
      const found = float64.scope(() => {
        const form = float64.diagonalForm!(diagonal, x, center);
        return { ...form, norm: float64.norm(form.product, 2) };
      });
      expect(found).toEqual({ value: float64.dot(error, product), product, norm });
    }),
    { seed: 1, numRuns: 300 },
  );
});

describe("the logistic function and the logarithm that belongs to it", () => {
  const sigmoid = (x: number) => float64.logistic(Float64Array.of(x)).sigmoid[0]!;
  const softplus = (x: number) => float64.logistic(Float64Array.of(x)).softplus[0]!;

  test("are right to a few roundings from where they vanish to where they overflow", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        const exact = Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
        expect(Math.abs(softplus(x) / exact - 1)).toBeLessThan(8 * Number.EPSILON);
        expect(Math.abs(sigmoid(x) + sigmoid(-x) - 1)).toBeLessThan(2 * Number.EPSILON);
      }),
    );
  });

  test("at their ends, and of what is no number", () => {
    expect([-Infinity, 0, Infinity, Number.NaN].map(sigmoid)).toEqual([0, 0.5, 1, Number.NaN]);
    expect([-Infinity, 0, Infinity, Number.NaN].map(softplus)).toEqual([0, Math.LN2, Infinity, Number.NaN]);
  });
});

test("a distance is to the bit the norm of the difference, however large or small", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 80 }), fc.constantFrom(1e-200, 1e-160, 1, 1e200), (length, scale) => {
      const [a, b] = ["a", "b"].map((name) => numbers(length, name).map((entry) => scale * entry));
      expect(float64.distance(a!, b!)).toBe(float64.norm(float64.subtract(a!, b!), 2));
    }),
  );
  expect(float64.distance(Float64Array.of(3, Number.NaN), Float64Array.of(0, 0))).toBeNaN();
});

describe("a linear model in one pass over its examples", () => {
  test.each([squaredLoss, absoluteLoss, logisticLoss])(
    "has to the bit the $name loss and slopes of one after the other",
    (loss) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 1, max: 40 }),
          // More rows than are taken at once, and odd numbers of them.
          fc.integer({ min: 4096, max: 9000 }),
          // e^{−|z|} from 1 through the subnormal numbers to 0, and what has overflowed.
          fc.constantFrom(0, 1e-9, 1, 40, 750, Number.POSITIVE_INFINITY),
          (columns, rows, scale) => {
            const entries = float64.vector(numbers(rows * columns, `${rows} × ${columns}`));
            const matrix = { rows, columns, entries };
            const x = numbers(columns, "x").map((entry) => scale * entry);
            const targets = numbers(rows, "y").map((entry) => (entry < 0 ? -1 : 1));
            const { slopes, ...score } = loss.of(float64, float64.multiplyMatrix(matrix, x), targets);
            const sumOfSlopes = float64.multiplyTransposed(matrix, slopes);
            expect(float64.fit!(loss.name!, matrix, x, targets)).toStrictEqual({ ...score, sumOfSlopes });
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  test("knows the signs of residuals that are 0", () => {
    const matrix = { rows: 4100, columns: 1, entries: float64.vector(new Float64Array(4100).fill(1)) };
    const targets = new Float64Array(4100).fill(2);
    const fit = float64.fit!("absolute", matrix, Float64Array.of(2), targets);
    expect(fit).toStrictEqual({ loss: 0, sumOfSlopes: Float64Array.of(0) });
  });

  test("is left to other operations where the matrix is small", () => {
    const matrix = { rows: 2, columns: 1, entries: float64.vector([1, 1]) };
    expect(float64.fit!("squared", matrix, Float64Array.of(1), Float64Array.of(0, 0))).toBeUndefined();
  });
});
