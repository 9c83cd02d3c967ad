import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { explain } from "../base/explain.js";
import type { BatchRuns } from "../execution/batches.js";

const wholeNumber = "expected a whole number ≥ 1";

/** `--jobs n`: how many runs at once. */
export const jobsOption = z.coerce.number({ error: wholeNumber }).int(wholeNumber).positive(wholeNumber).optional();

/** `--batch-runs n`: how many runs train together at most. */
export const batchRunsOption = z
  .string()
  .regex(/^(auto|off|[2-9]|[1-9]\d{1,3})$/, "expected auto, off, or how many, from 2 to 9999")
  .transform((text): BatchRuns => (text === "auto" || text === "off" ? text : Number(text)))
  .default("auto");

/** `--out`: an empty name would mean the working directory, which is never meant. */
export const outOption = z.string().min(1, "expected a directory, such as results");

/** "escapeFormulas: …" → "--escape-formulas: …", as it was typed */
const asOption = (mistake: string) =>
  mistake.replace(/^\w+(?=:)/, (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);

/** @throws ExperimentError saying which option is wrong, and what was expected */
export function checkedOptions<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (!parsed.success) throw new ExperimentError(explain(parsed.error.issues, schema, raw).map(asOption).join("\n"));
  return parsed.data;
}
