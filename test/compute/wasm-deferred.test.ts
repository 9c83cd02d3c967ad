import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import type { TensorAlgebra } from "../../src/compute/tensors.js";
import { VectorProgram } from "../../src/compute/vector-program.js";
import type { WasmBackend } from "../../src/compute/wasm-backend.js";
import { counts, made, plain, program, vectors } from "./deferred-programs.js";

let A: TensorAlgebra;
beforeAll(async () => {
  ({ algebra: A } = await startBackend("wasm"));
});

const entries = (vector: tf.Tensor) => plain(vector.dataSync());

/** How often vectors were computed. */
function counted() {
  const evaluate = vi.spyOn(VectorProgram.prototype, "run");
  return { evaluate, calls: () => evaluate.mock.calls.length };
}

describe("operations that wasm puts off", () => {
  it("give the same bits as at once, whatever is asked for in between, and leave nothing behind", () => {
    fc.assert(
      fc.property(vectors, program, (values, steps) => {
        const before = counts();
        const inputs = values.map((entries) => A.vector(entries));
        // Outside the algebra's own scope nothing is put off.
        const atOnce = tf.tidy(() => made(A, steps, inputs));
        const later = A.scope(() => made(A, steps, inputs));
        expect(later.norms).toEqual(atOnce.norms);
        expect(later.kept.map(entries)).toEqual(atOnce.kept.map(entries));
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
