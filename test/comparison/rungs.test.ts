import { describe, expect, test } from "vitest";
import type { Objective } from "../../src/comparison/objective.js";
import { ranking, rungSteps, scoreAtStep } from "../../src/comparison/rungs.js";
import type { Manifest, Status } from "../../src/results/manifest.js";

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const least: Objective = { column: "gap", statistic: "final", direction: "minimize", per: [] };
const most: Objective = { column: "val_accuracy", statistic: "best", direction: "maximize", per: [] };

test.each<[steps: number, rungs: number, factor: number, between: number, ends: number[]]>([
  // 1000/16 = 62.5 and 1000/4 = 250, at evaluations every 10 steps
  [1000, 3, 4, 10, [60, 250, 1000]],
  [1000, 3, 4, 1, [62, 250, 1000]],
  [90, 3, 3, 5, [10, 30, 90]],
  [100, 2, 3, 7, [28, 100]],
  // 1000/64 = 15.6: before the evaluation at step 20
  [1000, 4, 4, 20, [0, 60, 240, 1000]],
  [1000, 2, 4, infinity, [0, 1000]],
])("%d steps in %d rungs of factor %d, evaluated every %d", (steps, rungs, factor, between, ends) => {
  expect(rungSteps(steps, { rungs, factor }, between)).toEqual(ends);
});

describe("what a run had come to by a step", () => {
  const series = { steps: [0, 10, 15, 20, 30, 40], values: [9, 5, 1, 7, 3, 2] };
  const everyTen = (step: number) => step % 10 === 0;
  const at = (step: number, objective: Objective, status: Status = "completed", steps = 40) =>
    scoreAtStep(
      objective,
      { status, outcome: { steps, final: {}, best: {} } } as unknown as Manifest,
      series,
      step,
      everyTen,
    );

  test("is its last evaluation up to there, or its best, whatever came after", () => {
    expect([10, 19, 20, 29, 30, 40].map((step) => at(step, least))).toEqual([5, 5, 7, 7, 3, 2]);
    // The row at step 15 is no evaluation.
    expect([10, 20, 30].map((step) => at(step, { ...least, statistic: "best" }))).toEqual([5, 5, 3]);
    expect([0, 10, 30].map((step) => at(step, most))).toEqual([9, 9, 9]);
  });

  test("is the worst where it had diverged by then, or is not known", () => {
    expect(at(20, least, "stopped", 21)).toBe(7);
    expect(at(20, least, "diverged", 21)).toBe(7);
    expect(at(20, least, "diverged", 20)).toBe(infinity);
    expect(at(20, most, "diverged", 5)).toBe(-infinity);
    for (const status of ["failed", "interrupted", "running"] as const) expect(at(20, least, status)).toBe(infinity);
  });

  test("is the worst where it is no number; the best of others is not", () => {
    const odd = { steps: [0, 10], values: [3, nan] };
    const completed = { status: "completed", outcome: { steps: 10 } } as unknown as Manifest;
    expect(scoreAtStep(least, completed, odd, 10, everyTen)).toBe(infinity);
    expect(scoreAtStep({ ...least, statistic: "best" }, completed, odd, 10, everyTen)).toBe(3);
    expect(scoreAtStep(least, completed, { steps: [], values: [] }, 10, everyTen)).toBe(infinity);
  });
});

test("the first of equal scores comes first, the worst last", () => {
  expect(ranking(least, [2, infinity, 1, 2, infinity, 1])).toEqual([2, 5, 0, 3, 1, 4]);
  expect(ranking(most, [2, -infinity, 1, 2])).toEqual([0, 3, 2, 1]);
});
