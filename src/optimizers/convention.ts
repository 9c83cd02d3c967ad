import { z } from "zod";
import type { Convention, OptimizerDefinition } from "./update-rule.js";

/** The field of a config that names one of a rule's conventions. */
export const conventionField = (conventions: Readonly<Record<string, Convention>>) => ({
  convention: z
    .enum(Object.keys(conventions))
    .optional()
    .describe("the rule as another implementation has it: options of that name's, where none are given here"),
});

/**
 * An optimizer of a config with the options of its convention in the convention's place, so that a run is the same
 * however its options were written. What names no convention of the rule's is left for the schema to refuse.
 */
export function withoutConvention(optimizers: readonly OptimizerDefinition[], config: unknown): unknown {
  if (typeof config !== "object" || config === null || !("convention" in config)) return config;
  const { convention, ...given } = config as { readonly convention: unknown; readonly name?: unknown };
  const { conventions = {} } = optimizers.find(({ name }) => name === given.name) ?? {};
  const isKnown = typeof convention === "string" && Object.hasOwn(conventions, convention);
  return isKnown ? { ...conventions[convention]!.options, ...given } : config;
}
