import { z } from "zod";
import { evaluatedColumns } from "../trace/columns.js";

const column = z.enum(evaluatedColumns as [string, ...string[]]).describe("a column that evaluations fill");

/** What runs are compared by, as a config states it. */
export interface ObjectiveOptions {
  readonly column: string;
  /** Of the column over the run; "target": where it stood when the run met the experiment's target. */
  readonly statistic: "final" | "best" | "target";
  readonly direction?: "minimize" | "maximize" | undefined;
}

const stepsToTarget = { column: "step", statistic: "target", direction: "minimize" } as const;

export const objectiveSchema: z.ZodType<ObjectiveOptions> = z.union([
  column.transform((name) => ({ column: name, statistic: "final" as const })),
  z
    .strictObject({
      statistic: z.literal("target").describe("the fewest steps to the experiment's target; unreached is the worst"),
    })
    .transform(() => stepsToTarget),
  z.strictObject({
    column,
    statistic: z
      .enum(["final", "best"])
      .default("final")
      .describe("of the column over the run: the last evaluation, or the best of all"),
    direction: z
      .enum(["minimize", "maximize"])
      .optional()
      .describe("default: minimize losses, gaps and distances, maximize accuracies"),
  }),
]);
