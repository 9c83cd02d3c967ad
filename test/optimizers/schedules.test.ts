import { describe, expect, test } from "vitest";
import { learningRateOf, learningRateSchema } from "../../src/optimizers/schedules/learning-rate.js";
import { schedules } from "../../src/optimizers/schedules/registry.js";

/** λ_k at the given steps of a run of 100, by hand. */
const table: readonly [options: Record<string, unknown>, expected: Record<number, number>][] = [
  [
    { schedule: "constant", initial: 0.2 },
    { 0: 0.2, 99: 0.2 },
  ],
  [
    { schedule: "polynomial", initial: 0.4 },
    { 0: 0.4, 50: 0.4 * 0.25, 90: 0.4 * 0.01 },
  ],
  [
    { schedule: "polynomial", initial: 0.4, final: 0.2, power: 1 },
    { 0: 0.4, 50: 0.3 },
  ],
  [
    { schedule: "inverse-sqrt", initial: 0.6 },
    { 0: 0.6, 3: 0.3, 8: 0.2 },
  ],
  [
    { schedule: "inverse-time", initial: 0.6, decaySteps: 10 },
    { 0: 0.6, 10: 0.3, 20: 0.2 },
  ],
  [
    { schedule: "exponential", initial: 0.8, factor: 0.25, decaySteps: 10 },
    { 0: 0.8, 5: 0.4, 20: 0.05 },
  ],
  [
    { schedule: "step", initial: 1, factor: 0.5, milestones: [10, 20] },
    { 9: 1, 10: 0.5, 19: 0.5, 20: 0.25 },
  ],
  [
    { schedule: "cosine", initial: 0.4 },
    { 0: 0.4, 50: 0.2, 75: 0.2 * (1 - Math.SQRT1_2) },
  ],
  [
    // 0.1 + 0.4·(1 + cos(π/4))/2 at k = 25
    { schedule: "cosine", initial: 0.5, final: 0.1 },
    { 0: 0.5, 25: 0.1 + 0.2 * (1 + Math.SQRT1_2), 50: 0.3 },
  ],
  [
    // √(1 + 30/10) = 2
    { schedule: "inverse-sqrt", initial: 0.6, decaySteps: 10 },
    { 0: 0.6, 30: 0.3 },
  ],
  [
    { schedule: "constant", initial: 0.2, warmupSteps: 4 },
    { 0: 0.05, 1: 0.1, 3: 0.2, 4: 0.2 },
  ],
];

test("the table has every registered schedule", () => {
  expect(new Set(table.map(([{ schedule }]) => schedule))).toEqual(new Set(schedules.map(({ name }) => name)));
});

test.each(table)("%j", (options, expected) => {
  const learningRate = learningRateOf(schedules, learningRateSchema(schedules).parse(options), 100);
  for (const [step, value] of Object.entries(expected)) expect(learningRate.at(Number(step))).toBeCloseTo(value, 15);
});

test("a number is a constant learning rate", () => {
  expect(learningRateOf(schedules, 0.3, 10).at(7)).toBe(0.3);
});

describe("the range of the rates of a run", () => {
  const longWarmup = { schedule: "exponential", initial: 1, factor: 0.5, decaySteps: 10, warmupSteps: 30 };
  const rising = { schedule: "cosine", initial: 0.1, final: 0.9 };
  const risingPower = { schedule: "polynomial", initial: 0.1, final: 0.9, power: 1 };

  test.each([...table.map(([options]) => options), longWarmup, rising, risingPower])(
    "is that of all of them: %j",
    (options) => {
      const parsed = learningRateSchema(schedules).parse(options);
      for (const steps of [1, 2, 3, 25, 100]) {
        const rate = learningRateOf(schedules, parsed, steps);
        const rates = Array.from({ length: steps }, (_, k) => rate.at(k));
        expect(rate.range()).toEqual({ smallest: Math.min(...rates), largest: Math.max(...rates) });
      }
    },
  );

  test("of a number is that number", () => {
    expect(learningRateOf(schedules, 0.3, 10).range()).toEqual({ smallest: 0.3, largest: 0.3 });
  });

  test.each(table)("is told without going through 10¹⁵ steps: %j", (options) => {
    const { smallest, largest } = learningRateOf(schedules, learningRateSchema(schedules).parse(options), 1e15).range();
    expect(smallest).toBeLessThanOrEqual(largest);
  });
});
