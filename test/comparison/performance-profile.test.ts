import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ProblemCost, performanceProfiles, shareWithin } from "../../src/comparison/performance-profile.js";

const infinite = Number.POSITIVE_INFINITY;

/** Costs of optimizers on the problems p, q, r, …; undefined where one was not run. */
const costsOf = (table: Readonly<Record<string, readonly (number | undefined)[]>>): ProblemCost[] =>
  Object.entries(table).flatMap(([optimizer, costs]) =>
    costs.flatMap((cost, i) => (cost === undefined ? [] : { problem: "pqrstu"[i]!, optimizer, cost })),
  );

describe("performance profiles", () => {
  test("are those computed by hand, with ties, problems that one or nobody solves, and costs of 0", () => {
    const costs = costsOf({
      //        p    q    r         s         t         u
      lars: [100, 200, infinite, infinite, 0, 900],
      sgd: [100, 300, 60, infinite, 5, 200],
      adam: [250, 100, 90, infinite, 0, undefined],
    });
    // Ratios to the best, problem by problem (best: 100, 100, 60, ∞, 0, 200):
    //   lars 1, 2, ∞, ∞, 1, 4.5    sgd 1, 3, 1, ∞, ∞, 1    adam 2.5, 1, 1.5, ∞, 1, ∞
    expect(performanceProfiles(costs)).toEqual([
      {
        optimizer: "lars",
        points: [
          { ratio: 1, share: 2 / 6 },
          { ratio: 2, share: 3 / 6 },
        ],
      },
      {
        optimizer: "sgd",
        points: [
          { ratio: 1, share: 3 / 6 },
          { ratio: 3, share: 4 / 6 },
        ],
      },
      {
        optimizer: "adam",
        points: [
          { ratio: 1, share: 2 / 6 },
          { ratio: 1.5, share: 3 / 6 },
          { ratio: 2.5, share: 4 / 6 },
        ],
      },
    ]);
  });

  test("take their steps at the ratios themselves, those of τ = 4 among them", () => {
    const [one, other] = performanceProfiles(costsOf({ a: [1, 1], b: [4, 2] }));
    expect(other!.points).toEqual([
      { ratio: 1, share: 0 },
      { ratio: 2, share: 0.5 },
      { ratio: 4, share: 1 },
    ]);
    expect([1, 1.99, 2, 3.99, 4].map((ratio) => shareWithin(other!, ratio))).toEqual([0, 0, 0.5, 0.5, 1]);
    expect(shareWithin(one!, 0.5)).toBe(0);
    expect(performanceProfiles(costsOf({ a: [1], b: [4.01] }))[1]!.points).toEqual([{ ratio: 1, share: 0 }]);
  });

  test("never fall, and at τ = 1 say who is best: each solved problem has a best optimizer", () => {
    const cost = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(infinite));
    const tables = fc.array(fc.tuple(cost, cost, cost), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(tables, (rows) => {
        const column = (i: 0 | 1 | 2) => rows.map((row) => row[i]);
        const profiles = performanceProfiles(costsOf({ a: column(0), b: column(1), c: column(2) }));
        for (const { points } of profiles) {
          for (const [i, { ratio, share }] of points.slice(1).entries()) {
            expect(ratio).toBeGreaterThan(points[i]!.ratio);
            expect(share).toBeGreaterThan(points[i]!.share);
          }
        }
        const solved = rows.filter((row) => Math.min(...row) < infinite).length / rows.length;
        const atOne = profiles.map((profile) => shareWithin(profile, 1));
        expect(atOne.reduce((sum, share) => sum + share)).toBeGreaterThanOrEqual(solved - 1e-12);
        for (const share of profiles.map((profile) => shareWithin(profile, 4))) {
          expect(share).toBeLessThanOrEqual(solved);
        }
      }),
    );
  });
});
