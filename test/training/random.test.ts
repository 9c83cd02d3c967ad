import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";

const stream = (seed = 0, name = "noise") => randomStream({ seed, name });
const draws = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw);

test("a stream starts where its seed and its name say, and nowhere else", () => {
  const first = (seed: number, name: string) => stream(seed, name).uniform();
  const all = [first(0, "noise"), first(1, "noise"), first(-1, "noise"), first(0, "data order"), first(10, "noise")];
  expect(new Set(all).size).toBe(5);
  expect(first(0, "noise")).toBe(all[0]);
  // 128 bits of SHA-256("7/noise"), as four signed integers
  const digest = createHash("sha256").update("7/noise").digest();
  expect(stream(7).state()).toEqual([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
});

test("a stream goes on from a saved state, which is a copy", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat({ max: 20 }), (seed, taken) => {
      const one = stream(seed);
      draws(taken, one.uniform);
      const saved = one.state();
      const text = JSON.stringify(saved);
      const other = randomStream({ seed: seed + 1, name: "another" }, JSON.parse(text));
      expect(draws(10, other.uniform)).toEqual(draws(10, one.uniform));
      expect(JSON.stringify(saved)).toBe(text);
    }),
    { seed: 1, numRuns: 50 },
  );
});

test("uniform numbers fill [0, 1), normal ones have mean 0 and variance 1", () => {
  const { uniform, normal } = stream();
  const uniforms = draws(20_000, uniform);
  expect(Math.min(...uniforms)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...uniforms)).toBeLessThan(1);
  const mean = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  // Standard errors 1/√(12n) = 0.002 and 1/√n = 0.007; of variance and fourth moment √(2/n) = 0.01 and √(96/n) = 0.07
  expect(Math.abs(mean(uniforms) - 0.5)).toBeLessThan(0.008);
  const normals = draws(20_000, normal);
  expect(Math.abs(mean(normals))).toBeLessThan(0.028);
  expect(Math.abs(mean(normals.map((x) => x ** 2)) - 1)).toBeLessThan(0.04);
  expect(Math.abs(mean(normals.map((x) => x ** 4)) - 3)).toBeLessThan(0.28);
  const neighbours = normals.slice(1).map((x, i) => x * normals[i]!);
  expect(Math.abs(mean(neighbours))).toBeLessThan(0.028);
});

test("integers take both ends and nothing beyond", () => {
  const { integer } = stream();
  expect([...new Set(draws(200, () => integer(-1, 2)))].sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
});

test("permutations hold every number once, and each order is as likely", () => {
  const { permutation } = stream();
  expect(permutation(0)).toEqual(new Int32Array(0));
  expect(permutation(1)).toEqual(Int32Array.of(0));
  const counts = new Map<string, number>();
  for (const order of draws(6000, () => permutation(3).join(""))) counts.set(order, (counts.get(order) ?? 0) + 1);
  expect([...counts.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
  // 1000 each, give or take four standard deviations of √(6000·(1/6)·(5/6)) = 29
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(116);
});
