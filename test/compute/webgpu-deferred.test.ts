import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { deferredOperationsOf } from "../../src/compute/deferred-operations.js";
import type { TensorAlgebra } from "../../src/compute/tensors.js";
import { ProgramRunner } from "../../src/compute/webgpu-program.js";
import { testedBackends } from "../tested-backends.js";
import { counts, made, plain, program, vectors } from "./deferred-programs.js";

/** Tensors wait to be submitted before they are gone. */
async function settled() {
  const last = tf.scalar(0);
  const negated = tf.neg(last);
  await negated.data();
  tf.dispose([last, negated]);
  return counts();
}

/** Numbers that are not normal may be taken for 0, or not: neither these nor products of them with numbers are such. */
const isTiny = (x: number) => x !== 0 && Math.abs(x) < 1e-27;
const orZero = (x: number, least = 1e-27) => (Math.abs(x) < least ? 0 : x);

const numbersOf = (list: readonly tf.Tensor[]) => Promise.all(list.map((vector) => vector.data()));

/** At which places no number of any of these vectors is tiny. */
async function sureEntries(list: readonly tf.Tensor[]): Promise<boolean[]> {
  const [first, ...others] = await numbersOf(list);
  return Array.from(first!, (_, i) => ![first!, ...others].some((entries) => isTiny(entries[i]!)));
}

const entriesOf = async (list: readonly tf.Tensor[], isSure: readonly boolean[]) =>
  (await numbersOf(list)).map((entries) => plain(entries).filter((_, i) => isSure[i]));

describe.skipIf(!testedBackends.includes("webgpu"))("operations that webgpu puts off", () => {
  let A: TensorAlgebra;
  beforeAll(async () => {
    ({ algebra: A } = await startBackend("webgpu"));
  });

  it("give the same bits as at once, whatever is asked for in between, and leave nothing behind", async () => {
    await fc.assert(
      fc.asyncProperty(vectors, program, async (values, steps) => {
        const silent = steps.map((step) => ({ ...step, isAsked: false, number: orZero(step.number, 1e-10) }));
        const inputs = values.map((entries) => A.vector(entries.map((x) => orZero(x))));
        await A.values(inputs[0]!);
        const before = await settled();
        // Outside the algebra's own scope nothing is put off.
        const each: tf.Tensor[] = [];
        const atOnce = tf.tidy(() => made(A, silent, inputs, (vector) => each.push(tf.keep(tf.clone(vector)))));
        const later = A.scope(() => made(A, silent, inputs));
        const isSure = await sureEntries(each);
        expect(await entriesOf(later.kept, isSure)).toEqual(await entriesOf(atOnce.kept, isSure));
        tf.dispose([...atOnce.kept, ...each, ...later.kept]);
        expect(await settled()).toEqual(before);
        tf.dispose(inputs);
      }),
      { numRuns: 60 },
    );
  });

  it("take the norms of all layers by two programs, what follows from them by one, and each layer's step by one", async () => {
    const run = vi.spyOn(ProgramRunner.prototype, "run");
    const layers = [5000, 12, 7].map((size) => ({
      w: A.vector(Array(size).fill(2)),
      g: A.vector(Array(size).fill(3)),
    }));
    try {
      const { steps, ratios } = A.scope(() => {
        const steps = layers.map(({ w, g }) => {
          const trustRatio = A.over(A.norm(w, 2), A.norm(g, 2));
          return A.scale(A.times(A.scalar(-0.5), trustRatio), g);
        });
        A.settle!(steps);
        expect(run).toHaveBeenCalledTimes(2 + 1 + 3);
        return { steps, ratios: layers.map(({ w }, i) => A.over(A.norm(steps[i]!, 2), A.norm(w, 2))) };
      });
      expect(run).toHaveBeenCalledTimes(2 + 1 + 3 + 2 + 1);
      for (const ratio of await A.read(ratios)) expect(ratio).toBeCloseTo(0.5, 6);
      for (const step of steps) for (const entry of await A.values(step)) expect(entry).toBeCloseTo(-1, 6);
      A.dispose(steps);
    } finally {
      run.mockRestore();
      A.dispose(layers.flatMap(({ w, g }) => [w, g]));
    }
  });

  it("go with scalars of their rows, and with rows, whatever shapes have the same number of entries", async () => {
    const deferred = deferredOperationsOf("webgpu")!;
    const [wide, high] = [
      [2, 6],
      [6, 2],
    ].map((shape) =>
      A.vector(
        Array.from({ length: 12 }, (_, i) => i),
        shape,
      ),
    ) as [tf.Tensor, tf.Tensor];
    const results = tf.tidy(() => {
      const scaled = [wide, high].map((a) => deferred.make("product", [a, deferred.reduceRows!("total", a)!])!);
      const row = deferred.make("sum", [tf.ones([1, 6]), 1])!;
      const shifted = deferred.make("sum", [scaled[0]!, row])!;
      // The entries of the one in the shape of the other.
      const both = deferred.make("sum", [tf.reshape(shifted, [6, 2]), scaled[1]!])!;
      deferred.settle([both]);
      return [...scaled, shifted, both];
    });
    const [first, second, third, sum] = await Promise.all(results.map((result) => result.data()));
    const sums = (columns: number) =>
      Array.from({ length: 12 }, (_, i) => {
        const row = Math.floor(i / columns);
        return i * Array.from({ length: columns }, (_, j) => row * columns + j).reduce((a, b) => a + b);
      });
    expect([...first!]).toEqual(sums(6));
    expect([...second!]).toEqual(sums(2));
    expect([...third!]).toEqual(sums(6).map((x) => x + 2));
    expect([...sum!]).toEqual(sums(6).map((x, i) => x + 2 + sums(2)[i]!));
    tf.dispose([wide, high, ...results]);
  });

  it("go into several programs where one cannot have so many buffers", async () => {
    const terms = Array.from({ length: 100 }, (_, i) => A.vector([i, 2 * i, 3]));
    const [sum, half] = A.scope(() => {
      const partial = terms.slice(0, 50).reduce((total, term) => A.add(total, term));
      return [terms.slice(50).reduce((total, term) => A.add(total, term), partial), partial] as const;
    });
    expect([...(await A.values(sum))]).toEqual([4950, 9900, 300]);
    expect([...(await A.values(half))]).toEqual([1225, 2450, 150]);
    A.dispose([sum, half, ...terms]);
  });

  it("are made at once where more scalars are held than there is a place for", async () => {
    const before = await settled();
    const a = A.vector([3, 4]);
    const scalars = Array.from({ length: 34 }, () =>
      A.scope(() => Array.from({ length: 1000 }, (_, i) => A.times(A.scalar(i), A.norm(a, 2)))),
    ).flat();
    const values = await A.read(scalars);
    expect(values.every((value, i) => value === 5 * (i % 1000))).toBe(true);
    a.dispose();
    expect(await settled()).toEqual(before);
  });

  it("do not lose what compilers would by another order: (a/b)/c with b·c below float32, squares of large numbers", async () => {
    const [a, c] = [A.vector([3e-24, 1e-24]), A.vector([1e-19, 2e-19])];
    const [quotients, norm] = A.scope(() => {
      const unit = A.divideBy(a, A.norm(a, "infinity"));
      return [A.divide(unit, c), A.norm(A.scale(A.scalar(1e30), A.vector([3, 4])), 2)] as const;
    });
    const [first, second] = await A.values(quotients);
    expect(first! / 1e19).toBeCloseTo(1, 5);
    expect(second! / (1e19 / 6)).toBeCloseTo(1, 5);
    expect((await A.read([norm]))[0]! / 5e30).toBeCloseTo(1, 5);
    A.dispose([a, c, quotients]);
  });
});
