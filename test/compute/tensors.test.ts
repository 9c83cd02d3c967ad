import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import type { Norm } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { type Scalar, type TensorAlgebra, tensorAlgebra } from "../../src/compute/tensors.js";
import { ScalarMemory } from "../../src/compute/webgpu-scalars.js";
import { keepsSubnormals, testedBackends } from "../tested-backends.js";
import { onAlgebra, operands, operations, results, withoutSubnormals } from "./operations.js";

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

  it("has norms that are numbers of float32 up to its largest", async () => {
    const largest = Math.fround(3.4e38);
    const norms = A.scope(() => ([2, 3, "infinity"] as Norm[]).map((p) => A.norm(A.vector([0, -largest, 0]), p)));
    for (const norm of await A.read(norms)) expect(norm / largest).toBeCloseTo(1, 5);
  });

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
    const ofScalars = vi.spyOn(ScalarMemory.prototype, "values");
    expect(await A.read(scalars)).toEqual([1, 2, 3]);
    // A GPU's scalars lie in one memory, which is read in place of tensors.
    const readings = [...asynchronous.mock.calls, ...ofScalars.mock.calls];
    expect(readings).toHaveLength(1);
    expect(synchronous).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    expect(await A.read([])).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
