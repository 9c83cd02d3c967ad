import { z } from "zod";
import { evaluatedColumns } from "../trace/columns.js";

/** A value of a column that runs are to get past: exactly one of `above` and `below` is given. */
export interface Target {
  /** A column that evaluations fill, e.g. "val_accuracy". */
  readonly column: string;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
}

const targetSchema: z.ZodType<Target> = z
  .strictObject({
    column: z.enum(evaluatedColumns as [string, ...string[]]).describe("a column that evaluations fill"),
    above: z.number().optional().describe("met where the column is larger; give this or below"),
    below: z.number().optional().describe("met where the column is smaller; give this or above"),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), "give either above or below");

/** One target, or several of which all are to be met by the same evaluation. */
export const targetsSchema: z.ZodType<readonly Target[]> = z.union([
  targetSchema.transform((target) => [target]),
  z.array(targetSchema).min(1),
]);

/** Whether a value is past the target; NaN never is. */
export const meets = ({ above, below }: Target, value: number): boolean =>
  above === undefined ? value < below! : value > above;

/** "val_accuracy above 0.97 and test_accuracy above 0.97" */
export const targetWords = (targets: readonly Target[]): string =>
  targets
    .map(({ column, above, below }) => `${column} ${above === undefined ? `below ${below}` : `above ${above}`}`)
    .join(" and ");
