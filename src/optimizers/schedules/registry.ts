import { z } from "zod";
import { constant } from "./constant.js";
import { cosine } from "./cosine.js";
import { exponential } from "./exponential.js";
import { inverseSqrt } from "./inverse-sqrt.js";
import { inverseTime } from "./inverse-time.js";
import { polynomial } from "./polynomial.js";
import { positive, type ScheduleDefinition } from "./schedule.js";
import { step } from "./step.js";

/** Every learning-rate schedule. */
export const schedules: readonly ScheduleDefinition[] = [
  constant,
  polynomial,
  inverseSqrt,
  inverseTime,
  exponential,
  step,
  cosine,
];

/** A learning rate in a config: a number (constant) or a schedule with its options. */
export const learningRateSchema = z.union([
  positive,
  z.discriminatedUnion("schedule", schedules.map(({ schema }) => schema) as [z.ZodObject, ...z.ZodObject[]]),
]);

/**
 * λ_k as a function of k = 0 … steps − 1.
 *
 * @param learningRate a parsed value of `learningRateSchema`
 * @param steps K, the length of the run
 */
export function scheduleOf(learningRate: unknown, steps: number): (step: number) => number {
  if (typeof learningRate === "number") return () => learningRate;
  const options = learningRate as { schedule: string; warmupSteps: number };
  const definition = schedules.find(({ name }) => name === options.schedule)!;
  const { warmupSteps } = options;
  return (k) => {
    const scheduled = definition.at(options, k, steps);
    return k < warmupSteps ? (scheduled * (k + 1)) / warmupSteps : scheduled;
  };
}

/** The smallest and the largest λ_k of a run. */
export interface RateRange {
  readonly smallest: number;
  readonly largest: number;
}

/**
 * The range of λ_k over k = 0 … steps − 1, by its ends where the schedule is monotone after its warm-up; else by going
 * through all of them.
 *
 * @param learningRate a parsed value of `learningRateSchema`
 */
export function rangeOf(learningRate: unknown, steps: number): RateRange {
  const rate = scheduleOf(learningRate, steps);
  if (typeof learningRate === "number") return { smallest: learningRate, largest: learningRate };
  const { schedule, warmupSteps } = learningRate as { schedule: string; warmupSteps: number };
  const isMonotone = schedules.find(({ name }) => name === schedule)!.monotone === true;
  const oneByOne = isMonotone ? Math.min(steps, warmupSteps + 1) : steps;
  let smallest = rate(steps - 1);
  let largest = smallest;
  for (let k = 0; k < oneByOne; k++) {
    smallest = Math.min(smallest, rate(k));
    largest = Math.max(largest, rate(k));
  }
  return { smallest, largest };
}
