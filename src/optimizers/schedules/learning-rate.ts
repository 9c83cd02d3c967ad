import { z } from "zod";
import { positive, type ScheduleDefinition } from "./schedule.js";

/** What a config says of a learning rate: a number, or a schedule's options with its name. */
export type LearningRateConfig = number | ({ readonly schedule: string; readonly warmupSteps: number } & object);

/** A learning rate in a config: a number (constant) or one of these schedules with its options. */
export function learningRateSchema(schedules: readonly ScheduleDefinition[]): z.ZodType<LearningRateConfig> {
  const options = schedules.map(({ schema }) => schema) as [z.ZodObject, ...z.ZodObject[]];
  return z.union([positive, z.discriminatedUnion("schedule", options)]) as unknown as z.ZodType<LearningRateConfig>;
}

/** The smallest and the largest λ_k of a run. */
export interface RateRange {
  readonly smallest: number;
  readonly largest: number;
}

/** λ_k over a run. */
export interface LearningRate {
  /** λ_k for k = 0 … K − 1, and for K, with which no step is made; NaN where a schedule says nothing of that */
  at(step: number): number;
  /** Told by its ends where the schedule is monotone after its warm-up; else by going through all of them. */
  range(): RateRange;
}

/**
 * A learning rate over a run of K = `steps` updates.
 *
 * @param config a parsed value of `learningRateSchema(schedules)`
 */
export function learningRateOf(
  schedules: readonly ScheduleDefinition[],
  config: LearningRateConfig,
  steps: number,
): LearningRate {
  if (typeof config === "number") return { at: () => config, range: () => ({ smallest: config, largest: config }) };
  const { warmupSteps } = config;
  const definition = schedules.find(({ name }) => name === config.schedule)!;
  const at = (k: number) => {
    const scheduled = definition.at(config, k, steps);
    return k < warmupSteps ? (scheduled * (k + 1)) / warmupSteps : scheduled;
  };
  return {
    at,
    range() {
      const oneByOne = definition.monotone ? Math.min(steps, warmupSteps + 1) : steps;
      let smallest = at(steps - 1);
      let largest = smallest;
      for (let k = 0; k < oneByOne; k++) {
        smallest = Math.min(smallest, at(k));
        largest = Math.max(largest, at(k));
      }
      return { smallest, largest };
    },
  };
}
