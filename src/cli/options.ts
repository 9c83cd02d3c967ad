import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { explain } from "../base/explain.js";

const wholeNumber = "expected a whole number ≥ 1";

/** `--jobs n`: how many runs at once. */
export const jobsOption = z.coerce.number({ error: wholeNumber }).int(wholeNumber).positive(wholeNumber).optional();

const batchRuns = "expected auto, off, or a whole number ≥ 2";

/** `--batch-runs n`: how many runs train together. */
export const batchRunsOption = z
  .union([z.enum(["auto", "off"]), z.coerce.number().int().min(2)], { error: batchRuns })
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
