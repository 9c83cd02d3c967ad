import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { type Membership, RunBatch } from "../../src/compute/run-batch.js";
import { ProgramRunner } from "../../src/compute/webgpu-program.js";
import { keepsSubnormals, testedBackends } from "../tested-backends.js";
import { type Drawn, operands, operations, results, withoutSubnormals } from "./operations.js";

/** As many runs at once, each doing its own part. */
async function together<T>(backend: string, parts: readonly ((run: Membership) => Promise<T>)[]): Promise<T[]> {
  const { algebra } = await startBackend(backend);
  const batch = new RunBatch(algebra);
  const runs = parts.map(() => batch.join());
  return Promise.all(
    runs.map(async (run, i) => {
      try {
        return await parts[i]!(run);
      } finally {
        run.leave();
      }
    }),
  );
}

describe.each(testedBackends)("runs that compute together on %s", (backend) => {
  beforeAll(async () => {
    await startBackend(backend);
  });

  test.each(operations)("find of $name what float64 does, and free what they make", async (operation) => {
    const seen = keepsSubnormals(backend) ? (drawn: Drawn) => drawn : withoutSubnormals;
    await fc.assert(
      // Of one size, and once of another.
      fc.asyncProperty(
        operands.map(seen),
        operands.map(seen),
        fc.double({ min: 0.5, max: 2 }),
        async (one, other, factor) => {
          const scaled = seen({ ...one, s: one.t, a: one.a.map((x) => Math.fround(factor * x)) });
          const draws: Drawn[] = [one, scaled, other, one];
          const before = tf.memory().numTensors;
          const found = await together(
            backend,
            draws.map(
              (draw) =>
                ({ algebra }) =>
                  results(algebra, operation, draw),
            ),
          );
          for (const [i, draw] of draws.entries()) {
            const expected = (await results(float64, operation, draw)).flat();
            const largest = Math.max(1, ...draw.a.map(Math.abs)) * Math.max(1, ...draw.b.map(Math.abs));
            const tolerance =
              20 * 2 ** -24 * (operation.name.match(/dot|sum|norm|mean|Matri|Transp/) ? 81 : 8) * largest;
            expect(found[i]!.flat()).toHaveLength(expected.length);
            found[i]!.flat().forEach((value, j) => {
              expect(Math.abs(value - expected[j]!), `${value}, not ${expected[j]}`).toBeLessThan(tolerance);
            });
          }
          expect(tf.memory().numTensors).toBe(before);
        },
      ),
      { seed: 7, numRuns: 8 },
    );
  });

  test("compute what they have in common once, and the rest in one operation for all", async () => {
    const { profile } = tf;
    // What a GPU puts off is no kernel of TensorFlow.js.
    const programs = vi.spyOn(ProgramRunner.prototype, "run");
    const { kernelNames } = await profile(async () => {
      await together(
        backend,
        [1, 2, 3, 4].map((rate) => async ({ algebra }) => {
          const w = algebra.vector([1, 2]);
          const next = algebra.scope(() => algebra.scale(algebra.scalar(rate), algebra.exponential(w)));
          expect([...(await algebra.values(next))].map((x) => x / rate)).toEqual([
            expect.closeTo(Math.exp(1), 4),
            expect.closeTo(Math.exp(2), 4),
          ]);
          algebra.dispose([w, next]);
        }),
      );
      return tf.scalar(0);
    });
    expect(kernelNames.filter((name) => name === "Exp")).toHaveLength(1);
    expect([...kernelNames.filter((name) => name === "Multiply"), ...programs.mock.calls]).toHaveLength(1);
    programs.mockRestore();
  });

  test("have norms that neither overflow nor vanish, whatever the others have", async () => {
    const lengths = await together(
      backend,
      [1, 1e30, 1e-30].map((unit) => ({ algebra }) => {
        const a = algebra.vector([3 * unit, -4 * unit]);
        const norms = algebra.read(([2, 3, 1] as const).map((p) => algebra.norm(a, p))) as Promise<number[]>;
        return norms.finally(() => algebra.dispose([a])).then((all) => all.map((norm) => norm / unit));
      }),
    );
    for (const norms of lengths) {
      // 5, (27 + 64)^{1/3} and 7
      for (const [i, norm] of [5, 91 ** (1 / 3), 7].entries()) expect(norms[i]! / norm).toBeCloseTo(1, 5);
    }
    const [largest] = await together(backend, [
      ({ algebra }) =>
        algebra.read(algebra.scope(() => [2, 3].map((p) => algebra.norm(algebra.vector([2.5e38, 1]), p)))) as Promise<
          number[]
        >,
    ]);
    for (const norm of largest!) expect(norm / 2.5e38).toBeCloseTo(1, 5);
  });

  test("that end, or do something else for a while, leave the others alone", async () => {
    const before = tf.memory().numTensors;
    const ends = await together(
      backend,
      [1, 2, 3, 4, 5].map((run) => async ({ algebra }) => {
        let w = algebra.vector([run]);
        // One in the middle and the last one end early.
        const steps = [6, 3, 6, 6, 4][run - 1]!;
        for (let k = 0; k < steps; k++) {
          const apart = run === 4 && k % 2 === 0;
          const next = algebra.scope(() => {
            const twice = algebra.scale(algebra.scalar(2), w);
            return apart ? algebra.add(algebra.sign(w), twice) : algebra.shift(twice, 1);
          });
          algebra.dispose([w]);
          w = next;
          const [sum] = await algebra.read([algebra.sum(w)]);
          expect(sum).toBe(2 ** (k + 1) * (run + 1) - 1);
        }
        const values = [...(await algebra.values(w))];
        algebra.dispose([w]);
        return values;
      }),
    );
    // w ← 2w + 1 from r: 2^k·(r + 1) − 1
    expect(ends).toEqual([[127], [23], [255], [319], [95]]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("fail together where what they compute together fails, and alone where one of them does", async () => {
    const broken = {
      name: "broken",
      compute: () => {
        throw new Error("out of memory");
      },
    };
    const fails = ({ algebra }: Membership) =>
      algebra.read(algebra.record(broken, [algebra.scalar(1)], undefined, [{ shape: [], isScalar: true }])) as Promise<
        number[]
      >;
    const goes = ({ algebra }: Membership) => algebra.read([algebra.sum(algebra.vector([1, 2]))]) as Promise<number[]>;
    const alone = async (run: Membership) => {
      run.algebra.vector([1]);
      throw new Error("its own");
    };
    await expect(together(backend, [fails, fails])).rejects.toThrow("out of memory");
    const [first, second] = await Promise.allSettled([together(backend, [goes, alone, goes]), goes]);
    expect([first.status, second.status]).toEqual(["rejected", "fulfilled"]);
  });
});
