import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import type { Scalar, TensorAlgebra } from "../../src/compute/tensors.js";
import { VectorProgram } from "../../src/compute/vector-program.js";
import type { WasmBackend } from "../../src/compute/wasm-backend.js";

type Vector = tf.Tensor;

let A: TensorAlgebra;
beforeAll(async () => {
  ({ algebra: A } = await startBackend("wasm"));
});

/** What can be put off, of vectors and numbers that are drawn for it. */
const operations: Readonly<Record<string, (vectors: readonly Vector[], numbers: readonly number[]) => Vector>> = {
  add: ([a, b]) => A.add(a!, b!),
  subtract: ([a, b]) => A.subtract(a!, b!),
  multiply: ([a, b]) => A.multiply(a!, b!),
  divide: ([a, b]) => A.divide(a!, b!),
  scale: ([a], [s]) => A.scale(s!, a!),
  divideBy: ([a], [s]) => A.divideBy(a!, s!),
  addScaled: ([a, b], [s]) => A.addScaled(a!, s!, b!),
  shift: ([a], [s]) => A.shift(a!, s!),
  absolute: ([a]) => A.absolute(a!),
  sign: ([a]) => A.sign(a!),
  signOrOne: ([a]) => A.signOrOne(a!),
  squareRoot: ([a]) => A.squareRoot(a!),
  clip: ([a], [s]) => A.clip(a!, -Math.abs(s!), Math.abs(s!)),
  ifLessEach: ([a, b, c, d]) => A.ifLessEach(a!, b!, c!, d!),
};

/** With zeros of both signs, numbers that are not normal, infinite ones and NaN. */
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: -4, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.float() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e-42) },
);

/** The entries are drawn for some places and repeated: a vector may be longer than what is computed at a time. */
const vectors = fc
  .tuple(fc.constantFrom(1, 3, 7, 8, 9, 100, 1023, 1024, 1025, 2500), fc.array(entry, { minLength: 40, maxLength: 40 }))
  .map(([size, drawn]) =>
    Array.from({ length: 4 }, (_, v) => Float32Array.from({ length: size }, (_, i) => drawn[(7 * i + 11 * v) % 40]!)),
  );

/** Each makes one more vector of the ones that are there; its norm may be asked for, and vectors may be freed early. */
const program = fc.array(
  fc.record({
    name: fc.constantFrom(...Object.keys(operations)),
    operands: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    number: fc.float({ min: -3, max: 3, noNaN: true }).map(Math.fround),
    isAsked: fc.boolean(),
    isFreed: fc.boolean(),
    isKept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

type Step = typeof program extends fc.Arbitrary<(infer S)[]> ? S : never;

/** The vectors that are kept, made step by step. Vectors that others were made of may be freed before those are computed. */
function made(steps: readonly Step[], inputs: readonly Vector[]) {
  const all = [...inputs];
  const norms: Scalar[] = [];
  const kept: Vector[] = [];
  for (const { name, operands, number, isAsked, isFreed, isKept } of steps) {
    const chosen = operands.map((index) => all[index % all.length]!);
    const result = operations[name]!(chosen, [number]);
    if (isAsked) norms.push(A.norm(result, 2));
    if (isKept) kept.push(result);
    all.push(result);
    const [first] = chosen as [Vector];
    if (!isFreed || inputs.includes(first) || kept.includes(first)) continue;
    all.splice(all.indexOf(first), 1);
    first.dispose();
  }
  return { norms: norms as number[], kept };
}

const bits = (vector: Vector) => [...new Uint32Array((vector.dataSync() as Float32Array).slice().buffer)];
/** NaN has many. */
const plain = (vector: Vector) => bits(vector).map((word) => ((word & 0x7fffffff) > 0x7f800000 ? "NaN" : word));

/** How often vectors were computed. */
function counted() {
  const evaluate = vi.spyOn(VectorProgram.prototype, "run");
  return { evaluate, calls: () => evaluate.mock.calls.length };
}

const counts = () => {
  const { numTensors, numDataBuffers } = tf.memory();
  return { numTensors, numDataBuffers, ids: tf.backend().numDataIds() };
};

describe("operations that wasm puts off", () => {
  it("give the same bits as at once, whatever is asked for in between, and leave nothing behind", () => {
    fc.assert(
      fc.property(vectors, program, (values, steps) => {
        const before = counts();
        const inputs = values.map((entries) => A.vector(entries));
        // Outside the algebra's own scope nothing is put off.
        const atOnce = tf.tidy(() => made(steps, inputs));
        const later = A.scope(() => made(steps, inputs));
        expect(later.norms).toEqual(atOnce.norms);
        expect(later.kept.map(plain)).toEqual(atOnce.kept.map(plain));
        tf.dispose([...inputs, ...atOnce.kept, ...later.kept]);
        expect(counts()).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it("are computed in few passes, and not at all where nobody asks", () => {
    const { evaluate, calls } = counted();
    try {
      const [w, g] = [A.vector(new Float32Array(5000).fill(2)), A.vector(new Float32Array(5000).fill(3))];
      const next = A.scope(() => {
        A.multiply(w, w);
        return A.add(w, A.scale(-0.5, A.divide(g, A.shift(A.squareRoot(A.multiply(g, g)), 1))));
      });
      expect(calls()).toBe(1);
      expect(next.dataSync()[4999]).toBe(Math.fround(2 - 0.5 * Math.fround(3 / 4)));
      tf.dispose([w, g, next]);
    } finally {
      evaluate.mockRestore();
    }
  });

  it("fail as a whole where there is no memory for a result, and free what they had", () => {
    const { wasm } = tf.backend() as WasmBackend;
    const a = A.vector(new Float32Array(3000).fill(1));
    const before = counts();
    const allocate = vi.spyOn(wasm, "_malloc");
    let allowed = 1;
    allocate.mockImplementation((bytes) => {
      if (bytes === 12_000 && allowed-- === 0) throw new Error("no memory");
      return wasm.asm.malloc(bytes);
    });
    try {
      expect(() => A.scope(() => [A.add(a, a), A.multiply(a, a)])).toThrow("no memory");
    } finally {
      allocate.mockRestore();
    }
    expect(counts().ids).toBe(before.ids);
    a.dispose();
    expect(counts().ids).toBe(before.ids - 1);
  });
});
