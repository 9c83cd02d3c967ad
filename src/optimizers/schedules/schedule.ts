import { z } from "zod";

/** An entry of the schedule registry. `Options` is what `schema` accepts, the field `schedule` (its name) included. */
export interface ScheduleDefinition<Options = unknown> {
  readonly kind: "schedule";
  readonly name: string;
  /** λ_k in plain text; K is the number of steps of the run. */
  readonly formula: string;
  /** Raised whenever the numbers it produces change: part of a run's identity. */
  readonly version: number;
  readonly schema: z.ZodObject;
  /** True where λ_k never turns back: its range follows from its ends, however long the run is. */
  readonly monotone?: true;
  /** λ_k, for k = 0 … K − 1, and λ_K, which ends the trace and makes no step; NaN where there is none. */
  at(options: Options, step: number, steps: number): number;
}

/** A schedule whose `at` takes exactly what its schema yields. */
export function defineSchedule<Schema extends z.ZodObject>(
  definition: Omit<ScheduleDefinition<z.output<Schema>>, "schema" | "kind"> & { readonly schema: Schema },
): ScheduleDefinition {
  return { kind: "schedule", ...definition } as ScheduleDefinition;
}

export const positive = z.number().positive();

/** The fields every schedule has. */
export const commonFields = {
  initial: positive.describe("λ_0, the learning rate at the first step (before warm-up)"),
  warmupSteps: z
    .int()
    .nonnegative()
    .default(0)
    .describe("linear warm-up: λ_k is multiplied by min(1, (k + 1)/warmupSteps)"),
};
