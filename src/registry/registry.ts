import type { Bound } from "../bounds/bound.js";
import type { DatasetDefinition } from "../data/dataset.js";
import type { Rules } from "../optimizers/optimizer.js";
import type { ScheduleDefinition } from "../optimizers/schedules/schedule.js";
import type { OptimizerDefinition } from "../optimizers/update-rule.js";
import type { ProblemDefinition } from "../problems/problem.js";

/** A figure, as far as anybody but the report knows it: what it is made from and what it draws are the report's affair. */
export interface AnyFigure {
  readonly kind: "figure";
  readonly name: string;
  make(source: never): unknown;
}

/** Anything that a config can name or a report can draw. */
export type Definition =
  | OptimizerDefinition
  | ScheduleDefinition
  | ProblemDefinition
  | DatasetDefinition
  | Bound
  | AnyFigure;

/** A module whose definitions have been added to a registry: plain data, by which every process loads the same. */
export interface PluginReference {
  /** As the config names it: a path from the config, or a package. */
  readonly name: string;
  /** Absolute path of the module's file. */
  readonly path: string;
  /** SHA-256 of that file. */
  readonly sha256: string;
}

/** Everything that can be named: what comes with the tool and what plugins add. A value, handed to whoever needs it. */
export interface Registry extends Rules {
  readonly problems: readonly ProblemDefinition[];
  readonly datasets: readonly DatasetDefinition[];
  readonly bounds: readonly Bound[];
  readonly figures: readonly AnyFigure[];
  readonly plugins: readonly PluginReference[];
  /** The plugin that a definition comes from; none for those of the tool. */
  readonly origins: ReadonlyMap<unknown, PluginReference>;
}

/** The list that definitions of a kind are in. */
export const listOf = {
  optimizer: "optimizers",
  schedule: "schedules",
  problem: "problems",
  dataset: "datasets",
  bound: "bounds",
  figure: "figures",
} as const satisfies Readonly<Record<Definition["kind"], keyof Registry>>;

/**
 * A registry with more definitions, whose names must not be taken.
 *
 * @param plugin they come from, if they do
 */
export function withDefinitions(
  registry: Registry,
  definitions: readonly Definition[],
  plugin?: PluginReference,
): Registry {
  const of = (kind: Definition["kind"]) => definitions.filter((definition) => definition.kind === kind);
  const lists = Object.entries(listOf).map(([kind, list]) => [
    list,
    [...registry[list], ...of(kind as Definition["kind"])],
  ]);
  return {
    ...registry,
    ...(Object.fromEntries(lists) as Pick<Registry, (typeof listOf)[Definition["kind"]]>),
    ...(plugin && {
      plugins: [...registry.plugins, plugin],
      origins: new Map([...registry.origins, ...definitions.map((definition) => [definition, plugin] as const)]),
    }),
  };
}
