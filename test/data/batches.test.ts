import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { batchSampler, fixedSubset, gatherLabels, gatherPixels, stepsPerEpoch } from "../../src/data/batches.js";

const source = (seed: number) => ({ seed, name: "data order" });
const range = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

describe("the batch sampler", () => {
  test("uses every example exactly once an epoch, the last batch being what is left", () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 70 }),
      fc.integer(),
      (n, size, seed) => {
        const sampler = batchSampler(n, source(seed));
        for (let epoch = 0; epoch < 3; epoch++) {
          const batches = Array.from({ length: stepsPerEpoch(n, size) }, () => sampler.next(size));
          expect(batches.slice(0, -1).every((batch) => batch.length === size)).toBe(true);
          expect(Int32Array.from(batches.flatMap((batch) => [...batch])).sort()).toEqual(range(n));
        }
      },
    );
    fc.assert(property, { seed: 1 });
  });

  test("shuffles each epoch afresh, in an order that depends on the seed alone", () => {
    const epochs = (seed: number) => {
      const sampler = batchSampler(100, source(seed));
      return [sampler.next(100), sampler.next(100)];
    };
    const [first, second] = epochs(0);
    expect(first).not.toEqual(range(100));
    expect(first).not.toEqual(second);
    expect(epochs(0)).toEqual([first, second]);
    expect(epochs(1)[0]).not.toEqual(first);
  });

  test("continues from a saved state exactly as if it had not stopped", () => {
    const steps = fc.integer({ min: 0, max: 25 });
    const property = fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 8 }),
      steps,
      (n, size, done) => {
        const sampler = batchSampler(n, source(7));
        for (let step = 0; step < done; step++) sampler.next(size);
        const saved = JSON.stringify(sampler.state());
        const resumed = batchSampler(n, source(7), JSON.parse(saved));
        expect(JSON.stringify(resumed.state())).toBe(saved);
        for (let step = 0; step < 20; step++) expect(resumed.next(size)).toEqual(sampler.next(size));
        expect(resumed.state()).toEqual(sampler.state());
      },
    );
    fc.assert(property, { seed: 2 });
  });

  test("saves a state whose size does not depend on the number of examples", () => {
    const sampler = batchSampler(60_000, source(0));
    sampler.next(128);
    expect(JSON.stringify(sampler.state()).length).toBeLessThan(120);
  });

  test("refuses the state of more examples than there are", () => {
    const state = { ...batchSampler(10, source(0)).state(), position: 11 };
    expect(() => batchSampler(10, source(0), state)).toThrow(
      new ExperimentError("The saved position 11 in the data is not within its 10 examples"),
    );
  });
});

test("steps per epoch count the incomplete batch", () => {
  // 60000 = 468 · 128 + 96; 60000 = 600 · 100; one batch of everything
  expect([stepsPerEpoch(60_000, 128), stepsPerEpoch(60_000, 100), stepsPerEpoch(10, 64)]).toEqual([469, 600, 1]);
});

test("gathers images and labels", () => {
  const set = { size: 3, pixels: Uint8Array.of(0, 51, 102, 153, 204, 255), labels: Uint8Array.of(2, 0, 1) };
  const indices = Int32Array.of(2, 0, 2);
  expect(gatherPixels(set.pixels, indices, 2)).toEqual(Uint8Array.of(204, 255, 0, 51, 204, 255));
  expect(gatherLabels(set, indices)).toEqual(Int32Array.of(1, 2, 1));
});

describe("a fixed subset", () => {
  test("holds so many examples, each once and in order, chosen by the seed alone", () => {
    const property = fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), fc.integer(), (n, at, seed) => {
      const size = 1 + (at % n);
      const subset = fixedSubset(n, size, source(seed));
      const indices = [...(subset === "full" ? range(n) : subset)];
      expect(subset === "full").toBe(size === n);
      expect(indices).toHaveLength(size);
      expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b));
      expect(indices.every((i) => i >= 0 && i < n)).toBe(true);
      expect(fixedSubset(n, size, source(seed))).toEqual(subset);
    });
    fc.assert(property, { seed: 2 });
    expect(fixedSubset(1000, 50, source(0))).not.toEqual(fixedSubset(1000, 50, source(1)));
    expect(fixedSubset(1000, "all", source(0))).toBe("full");
    expect(fixedSubset(1000, 2000, source(0))).toBe("full");
  });
});
