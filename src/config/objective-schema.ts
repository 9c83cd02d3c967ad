import { z } from "zod";
import { evaluatedColumns } from "../trace/columns.js";

const column = z.enum(evaluatedColumns as [string, ...string[]]).describe("a column that evaluations fill");

/** What runs are compared by, as a config states it. */
export interface ObjectiveOptions {
  readonly column: string;
  readonly statistic: "final" | "best";
  readonly direction?: "minimize" | "maximize" | undefined;
}

export const objectiveSchema: z.ZodType<ObjectiveOptions> = z.union([
  column.transform((name) => ({ column: name, statistic: "final" as const })),
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
