import { createHash } from "node:crypto";
import { optimizerDefinition } from "../optimizers/optimizer.js";
import type { Run } from "./expand.js";

/** Raised whenever the files of a run change their form or the loop its numbers. */
export const resultSchemaVersion = 1;

/** What a run really used, where the config leaves it open. */
export interface Surroundings {
  readonly backend: string;
  readonly dataset?:
    | { readonly name: string; readonly checksum: string; readonly train: number; readonly test: number }
    | undefined;
  /** Checksum of the examples that a file of the user's holds. */
  readonly examples?: string | undefined;
}

/** JSON with sorted keys, so that the order in which a config is written does not matter. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Letters, digits and a few marks only: safe as a file name everywhere, whatever the label holds. */
const slug = (label: string) =>
  label
    .replace(/[^A-Za-z0-9.=+-]+/g, "-")
    .replace(/^[-.]+|-+$/g, "")
    .slice(0, 80);

/**
 * A run's id: its label, readable, and a hash of everything that determines its result: resolved config, seed,
 * backend and data set really used, result-schema version and update-rule version. Same id: same result.
 */
export function runId({ label, config }: Run, surroundings: Surroundings): string {
  const { name: _, description: __, backend: ___, checkpoint: ____, data, optimizer, stop, ...determining } = config;
  const { label: _____, ...rule } = optimizer;
  const { wallSeconds: ______, ...stopRule } = stop;
  const identity = canonicalJson({
    ...determining,
    optimizer: rule,
    stop: stopRule,
    data: surroundings.dataset ?? data,
    examples: surroundings.examples,
    backend: surroundings.backend,
    resultSchemaVersion,
    ruleVersion: optimizerDefinition(optimizer.name).version,
  });
  return `${slug(label)}-${createHash("sha256").update(identity).digest("hex").slice(0, 10)}`;
}
