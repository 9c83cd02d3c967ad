import type { z } from "zod";
import type { Section } from "./entry.js";
import { type Option, optionsOf } from "./options.js";

/** Options as rows. */
export const optionRows = (options: readonly Option[]) =>
  options.map(({ path, type, preset, meaning }) => [path, type, preset, meaning]);

/** The options that a schema describes. */
export const optionSection = (schema: z.ZodType, elsewhere?: Readonly<Record<string, string>>): Section => ({
  title: "Options",
  columns: ["option", "type", "default", "meaning"],
  rows: optionRows(optionsOf(schema, elsewhere)),
});
