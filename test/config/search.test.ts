import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { countRuns, expand } from "../../src/config/expand.js";
import { runId } from "../../src/config/identity.js";
import { experimentOf } from "../../src/config/load.js";
import { type Dimension, type Search, searchSchema } from "../../src/config/search.js";
import { trialsOf, valueAt } from "../../src/config/trials.js";
import { primes, radicalInverse, type Spreading, unitCubePoints } from "../../src/config/unit-cube.js";

const first = (count: number, spreading: Spreading, dimensions: number) => {
  const points = unitCubePoints(spreading, dimensions);
  return Array.from({ length: count }, () => points.next().value as number[]);
};
const spreadings = fc.record({ method: fc.constantFrom("halton" as const, "random" as const), seed: fc.integer() });

describe("the radical inverse", () => {
  const digits = (permutation: number[], count = 4) => Array.from({ length: count }, () => permutation);

  test.each<[n: number, base: number, permutation: number[], value: number]>([
    // Halton's own sequences: 1 = 1₂ → 0.1₂, 6 = 110₂ → 0.011₂; 5 = 12₃ → 0.21₃
    [0, 2, [0, 1], 0],
    [1, 2, [0, 1], 1 / 2],
    [6, 2, [0, 1], 3 / 8],
    [5, 3, [0, 1, 2], 2 / 3 + 1 / 9],
    // 1 = 0001₂; its digits swapped, from the last: 0, 1, 1, 1 → 0.0111₂
    [1, 2, [1, 0], 7 / 16],
    // 5 = 0012₃ from the last: 2, 1, 0, 0 → 0, 2, 1, 1 → 0.0211₃
    [5, 3, [1, 2, 0], 2 / 9 + 1 / 27 + 1 / 81],
  ])("of %d in base %d, digits permuted to %j", (n, base, permutation, value) => {
    expect(radicalInverse(n, base, digits(permutation))).toBeCloseTo(value, 15);
  });
});

describe("points of the unit cube", () => {
  test("have a prime number a dimension", () => {
    expect(primes(10)).toEqual([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
  });

  test("are inside it, and the same however many follow and however many dimensions are added", () => {
    fc.assert(
      fc.property(spreadings, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }), (how, d, n) => {
        const points = first(n, how, d);
        for (const point of points) for (const u of point) expect(u >= 0 && u < 1).toBe(true);
        const wider = first(n + 5, how, d + 2);
        expect(points).toEqual(wider.slice(0, n).map((point) => point.slice(0, d)));
      }),
      { numRuns: 30 },
    );
  });

  test("of Halton's sequence lie one in each of b^k intervals, whatever the seed", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 2 }), (seed, dimension) => {
        const base = [2, 3, 5][dimension]!;
        const count = base ** 3;
        const points = first(4 * count, { method: "halton", seed }, 3).map((point) => point[dimension]!);
        for (const block of [0, 1, 2, 3]) {
          const intervals = points.slice(block * count, (block + 1) * count).map((u) => Math.floor(u * count));
          expect(new Set(intervals).size).toBe(count);
        }
      }),
    );
  });

  test("of either method cover a square: as many in each part as its area says", () => {
    // 4000 points, 16 parts: 250 each; the binomial deviation of random ones is 15.3.
    for (const [method, allowed] of [
      ["halton", 12],
      ["random", 60],
    ] as const) {
      const counts = new Array<number>(16).fill(0);
      for (const [u, v] of first(4000, { method, seed: 1 }, 2))
        counts[4 * Math.floor(4 * u!) + Math.floor(4 * v!)]! += 1;
      for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(allowed);
    }
  });

  test("differ from seed to seed", () => {
    for (const method of ["halton", "random"] as const) {
      const points = [0, 1, 2].map((seed) => JSON.stringify(first(4, { method, seed }, 2)));
      expect(new Set(points).size).toBe(3);
    }
  });
});

test.each<[dimension: Dimension, u: number, value: unknown]>([
  [{ choice: ["a", "b", "c"] }, 0, "a"],
  [{ choice: ["a", "b", "c"] }, 0.34, "b"],
  [{ choice: ["a", "b", "c"] }, 0.9999, "c"],
  [{ uniform: [0, 0.1] }, 0, 0],
  // 0.1 · 0.123456 = 0.0123456, 0.1 · 0.00123456 = 0.000123456: four digits
  [{ uniform: [0, 0.1] }, 0.123456, 0.01235],
  [{ uniform: [0, 0.1] }, 0.00123456, 0.0001235],
  [{ uniform: [-1, 1] }, 0.25, -0.5],
  // Of 0.9 + 0.099 · 0.123456 = 0.912222144 the width, 0.099, has its first digit at 10⁻², the value at 10⁻¹: five.
  [{ uniform: [0.9, 0.999] }, 0.123456, 0.91222],
  // Rounding leaves no interval.
  [{ uniform: [0.123456, 0.123457] }, 0, 0.123456],
  [{ log: [0.0123449, 1] }, 0, 0.0123449],
  // The middle of four decades, and a quarter of them
  [{ log: [1e-4, 1] }, 0.5, 0.01],
  [{ log: [1e-4, 1] }, 0.25, 0.001],
  // 10^(−4 + 4 · 0.3) = 10^−2.8 = 0.00158489…
  [{ log: [1e-4, 1] }, 0.3, 0.001585],
])("%j at %d is %j", (dimension, u, value) => {
  expect(valueAt(dimension, u)).toBe(value);
});

const rates = { "optimizer.learningRate": { log: [1e-4, 1] } };
const search = (options: object) => searchSchema.parse({ trials: 4, space: rates, ...options }) as Search;

describe("the trials of an optimizer", () => {
  test("are those of every other that searches the same space, and begin alike however many there are", () => {
    const momentum = { "optimizer.momentum": { choice: [0, 0.9] } };
    const own = search({
      trials: 8,
      perOptimizer: { sgd: momentum, lars: { "optimizer.learningRate": { log: [1e-2, 1e2] } } },
    });
    expect(trialsOf(own, "adam")).toEqual(trialsOf(search({ trials: 8 }), "any"));
    expect(trialsOf(own, "adam").slice(0, 4)).toEqual(trialsOf(search({}), "adam"));
    // The rate of an optimizer with one path more, and the same points two decades higher
    const ratesOf = (label: string) => trialsOf(own, label).map((trial) => trial["optimizer.learningRate"] as number);
    expect(ratesOf("sgd")).toEqual(ratesOf("adam"));
    expect(ratesOf("lars")).toEqual(ratesOf("adam").map((rate) => Number((100 * rate).toPrecision(4))));
    expect(new Set(trialsOf(own, "sgd").map((trial) => trial["optimizer.momentum"]))).toEqual(new Set([0, 0.9]));
  });

  test("are different ones: a space of choices is gone through", () => {
    const space = { a: { choice: [1, 2] }, b: { choice: [{ c: 1, d: 2 }, "x", { d: 2, c: 1 }] } };
    for (const method of ["halton", "random"]) {
      const all = trialsOf(search({ method, space }), "x").map((trial) => JSON.stringify(trial));
      expect(new Set(all).size).toBe(4);
    }
    expect(() => trialsOf(search({ trials: 5, space }), "x")).toThrow(
      "search.trials: got 5, but the space of x has only 4 different points; use at most that, or a larger space",
    );
  });

  test("are fewer than wanted where all values of an interval round to a few", () => {
    const space = { a: { uniform: [1, 1 + 1e-15] } };
    expect(() => trialsOf(search({ trials: 100, space }), "x")).toThrow(/the space of x has only \d different points/);
  });
});

describe("a search in a config", () => {
  const base = { name: "s", problem: { name: "quadratic" }, steps: 3 };
  const optimizers = [
    { name: "lars", learningRate: 1 },
    { name: "sgd", learningRate: 1 },
  ];
  const of = (change: object) => experimentOf({ ...base, optimizers, ...change }, "here", builtIn);

  test("gives every optimizer the same trials in each cell of the sweep, with each seed", async () => {
    const sweep = { grid: { "problem.conditionNumber": [10, 100] } };
    const experiment = await of({ search: { trials: 3, space: rates }, sweep, seeds: [0, 1] });
    const runs = expand(experiment);
    expect(countRuns(experiment)).toBe(24);
    expect(runs).toHaveLength(24);
    const cells = new Map<string, { rates: unknown[]; indices: number[] }>();
    for (const { trial, axes } of runs) {
      const cell = cells.get(trial!.among) ?? { rates: [], indices: [] };
      cells.set(trial!.among, cell);
      cell.rates.push(axes["optimizer.learningRate"]);
      cell.indices.push(trial!.index);
    }
    const names = ["lars", "sgd"].flatMap((name) => [10, 100].map((number) => `${name} conditionNumber=${number}`));
    expect([...cells.keys()].sort()).toEqual(names);
    for (const { indices } of cells.values()) expect(indices).toEqual([0, 0, 1, 1, 2, 2]);
    expect(new Set([...cells.values()].map(({ rates }) => JSON.stringify(rates))).size).toBe(1);
    expect(runs[0]!.label).toMatch(/^lars conditionNumber=10 learningRate=0\.\d+ seed=0$/);
  });

  test("makes runs that are those of a sweep over the same values", async () => {
    const searched = expand(await of({ search: { trials: 3, space: rates } }));
    const values = [...new Set(searched.map(({ axes }) => axes["optimizer.learningRate"]))];
    const swept = expand(await of({ sweep: { grid: { "optimizer.learningRate": values } } }));
    const surroundings = { backend: { name: "float64", device: "CPU", kernels: "2" } };
    const ids = (runs: typeof swept) => runs.map((run) => runId(builtIn, run, surroundings));
    expect(ids(searched)).toEqual(ids(swept));
  });

  test("counts its runs before it makes one", async () => {
    const experiment = await of({ search: { trials: 600_000, space: rates } });
    expect(() => countRuns(experiment)).toThrow(
      "the sweep, the search and the seeds make 1200000 runs (1 × 2 optimizers × 600000 trials × 1 seeds); expected at most 1000000",
    );
  });

  test("keeps a schedule, and tells what it takes away", async () => {
    const schedule = { schedule: "cosine", initial: 5 };
    const withSchedule = [{ name: "lars", learningRate: schedule }];
    const experiment = await of({ optimizers: withSchedule, search: { trials: 1, space: rates } });
    expect(experiment.notes).toEqual([]);
    const { config, axes } = expand(experiment)[0]!;
    expect(config.optimizer.learningRate).toMatchObject({ ...schedule, initial: axes["optimizer.learningRate"] });
    const { notes } = await of({
      optimizers: withSchedule,
      search: { trials: 1, space: { "optimizer.learningRate": { choice: [{ schedule: "constant", initial: 1 }] } } },
    });
    expect(notes).toEqual([expect.stringContaining("takes the place of")]);
  });

  test.each<[what: string, change: object, message: string]>([
    [
      "paths of an optimizer that is not there",
      { search: { trials: 1, space: rates, perOptimizer: { larz: {} } } },
      'search.perOptimizer: there is no optimizer "larz"; expected lars, sgd. Did you mean "lars"?',
    ],
    [
      "nothing to search over",
      { search: { trials: 1, perOptimizer: { lars: rates } } },
      "search: there is nothing to search over for sgd; give space, or perOptimizer.sgd",
    ],
    [
      "a path that is swept",
      { search: { trials: 1, space: rates }, sweep: { grid: { "optimizer.learningRate": [1] } } },
      "search: optimizer.learningRate is swept too; leave it out of one of them",
    ],
  ])("not with %s", async (_, change, message) => {
    const experiment = await of(change);
    expect(() => expand(experiment)).toThrow(new ExperimentError(`config: ${message}`));
  });
});
