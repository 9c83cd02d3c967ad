import { z } from "zod";
import { evaluatedColumns } from "../trace/columns.js";

const column = z.enum(evaluatedColumns as [string, ...string[]]).describe("a column that evaluations fill");

/** What runs are compared by, as a config states it. */
export interface ObjectiveOptions {
  readonly column?: string | undefined;
  /** Of the column over the run; "target": where it stood when the run met the experiment's target. */
  readonly statistic: "final" | "best" | "target";
  readonly direction?: "minimize" | "maximize" | undefined;
  readonly per: readonly string[];
}

/**
 * Swept paths that are conditions: the best is told for each of their values, and never chosen among them. What is
 * left to be tuned are the options of the optimizer and the averaging of its weights.
 */
export const defaultConditions: readonly string[] = [
  ...["problem", "data", "initialWeights", "batchSize", "steps", "epochs", "precision", "backend"],
];

const per = z
  .array(z.string().min(1))
  .default([...defaultConditions])
  .describe(
    `swept paths that are conditions and not tuned: the best is told for each of their values; a path stands for those that begin with it; default: ${defaultConditions.join(", ")}`,
  );

export const objectiveSchema: z.ZodType<ObjectiveOptions> = z.union([
  column.transform((name) => ({ column: name, statistic: "final" as const, per: defaultConditions })),
  z
    .strictObject({
      statistic: z.literal("target").describe("the fewest steps to the experiment's target; unreached is the worst"),
      per,
    })
    .transform((options) => ({ ...options, column: "step" })),
  z.strictObject({
    column: column.optional(),
    statistic: z
      .enum(["final", "best"])
      .default("final")
      .describe("of the column over the run: the last evaluation, or the best of all"),
    direction: z
      .enum(["minimize", "maximize"])
      .optional()
      .describe("default: minimize losses, gaps and distances, maximize accuracies"),
    per,
  }),
]);
