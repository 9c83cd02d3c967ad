import { createHash } from "node:crypto";
import type { Preparation } from "../data/preparation.js";
import { pluginTitle } from "../registry/plugins.js";
import type { Registry } from "../registry/registry.js";
import type { Run } from "./expand.js";
import type { RunConfig } from "./schema.js";

/** Raised whenever the files of a run change their form or the loop its numbers. */
export const resultSchemaVersion = 3;

/** On what a run is computed. */
export interface BackendIdentity {
  /** "float64" for the host. */
  readonly name: string;
  /** "CPU" or "GPU" */
  readonly device: string;
  readonly kernels: string;
}

/** What a run really used, where the config leaves it open. */
export interface Surroundings {
  readonly backend: BackendIdentity;
  readonly dataset?:
    | {
        readonly name: string;
        readonly checksum: string;
        readonly train: number;
        readonly test?: number;
        readonly preparation?: Preparation;
      }
    | undefined;
  /** Checksum of the examples that a file of the user's holds. */
  readonly examples?: string | undefined;
  /** Checksum of the file that w_0 is read from. */
  readonly initialWeights?: string | undefined;
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

/** Versions of the definitions a run is made from, by kind: what has been changed since makes other numbers. */
export type Versions = Readonly<Record<string, string | undefined>>;

/** The versions, now, of everything that this config names; of a plugin's definitions with the hash of its file. */
export function versionsOf(registry: Registry, { problem, data, optimizer, bounds: selected }: RunConfig): Versions {
  const of = (definitions: readonly { readonly name: string; readonly version: number }[], name: string) => {
    const definition = definitions.find((one) => one.name === name);
    const plugin = registry.origins.get(definition);
    const origin = plugin ? ` (${pluginTitle(plugin)} ${plugin.sha256.slice(0, 12)})` : "";
    return `${name} ${definition?.version ?? "unknown"}${origin}`;
  };
  const { learningRate } = optimizer;
  const known = registry.bounds.map(({ name }) => name);
  const watched = selected === "auto" ? known : [...selected].sort((a, b) => known.indexOf(a) - known.indexOf(b));
  return {
    results: `schema ${resultSchemaVersion}`,
    rule: of(registry.optimizers, optimizer.name),
    schedule: typeof learningRate === "number" ? undefined : of(registry.schedules, learningRate.schedule),
    problem: of(registry.problems, problem.name),
    "data set": data && of(registry.datasets, data.name),
    bounds: watched.map((name) => of(registry.bounds, name)).join(", ") || undefined,
  };
}

/** How old results came to be by other code than this, in words; undefined if they did not. */
export function madeByOtherCode(
  registry: Registry,
  { versions, config }: { readonly versions?: Versions; readonly config: RunConfig },
): string | undefined {
  if (!versions) return "it was made by an older version of the tool";
  const now = versionsOf(registry, config);
  const changed = Object.keys({ ...versions, ...now }).filter((kind) => versions[kind] !== now[kind]);
  if (changed.length === 0) return undefined;
  const differences = changed.map((kind) => `${kind}: ${versions[kind] ?? "none"}, now ${now[kind] ?? "none"}`);
  return `it was made by other code (${differences.join("; ")})`;
}

/**
 * A run's id: its label, readable, and a hash of everything that determines its result: resolved config, seed, backend,
 * kind of device and data set really used, and the versions of the definitions it is made from. Same id: same result.
 */
export function runId(registry: Registry, { label, config }: Run, surroundings: Surroundings): string {
  const { name: _1, description: _2, backend: _3, checkpoint: _4, save: _5, initialWeights: _8, ...numbers } = config;
  const { data, optimizer, stop, ...determining } = numbers;
  const { label: _6, ...rule } = optimizer;
  const { wallSeconds: _7, ...stopRule } = stop;
  const identity = canonicalJson({
    ...determining,
    optimizer: rule,
    stop: stopRule,
    data: surroundings.dataset ?? data,
    examples: surroundings.examples,
    initialWeights: surroundings.initialWeights,
    backend: surroundings.backend,
    versions: versionsOf(registry, config),
  });
  return `${slug(label)}-${createHash("sha256").update(identity).digest("hex").slice(0, 10)}`;
}
