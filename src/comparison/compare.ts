import { allowsValue } from "../config/allowed-values.js";
import type { Search } from "../config/search.js";
import type { Registry } from "../registry/registry.js";
import type { Manifest } from "../results/manifest.js";
import { type AxisFacts, anyAxis } from "./edge.js";
import { type Group, groupsOf } from "./groups.js";
import { isBetter, type Objective } from "./objective.js";
import { type PairedDifference, pairedDifference } from "./pairs.js";
import { hasWon, type TunedWinner, tunedWinners } from "./tuned.js";

/** What the optimizers come to under the same conditions. */
export interface Standing {
  /** The conditions in words; empty where none is swept. */
  readonly facet: string;
  /** The best of each optimizer in the order of the config. */
  readonly winners: readonly TunedWinner[];
  /** The best of these; undefined where nothing came to a number. */
  readonly first: TunedWinner | undefined;
  /** How the first differs from each of the others that came to a number. */
  readonly differences: readonly { readonly other: TunedWinner; readonly difference: PairedDifference }[];
}

/** The runs of an experiment, compared. */
export interface Comparison {
  readonly objective: Objective;
  readonly groups: readonly Group[];
  readonly standings: readonly Standing[];
}

function standingOf(facet: string, winners: readonly TunedWinner[], objective: Objective): Standing {
  const won = winners.filter(hasWon);
  const first = won.reduce<TunedWinner | undefined>(
    (best, one) => (!best || isBetter(objective, one.median, best.median) ? one : best),
    undefined,
  );
  const others = first ? won.filter((one) => one !== first) : [];
  const differences = others.map((other) => ({
    other,
    difference: pairedDifference(first!.group, other.group, objective),
  }));
  return { facet, winners, first, differences };
}

function factsOf(registry: Registry | undefined, search: Search | undefined): AxisFacts {
  const spaces = search ? [search.space, ...Object.values(search.perOptimizer)] : [];
  return {
    allows: registry ? ({ runs }, path, value) => allowsValue(registry, runs[0]!.config, path, value) : anyAxis.allows,
    isSearched: (path) => spaces.some((space) => Object.hasOwn(space, path)),
  };
}

/**
 * @param registry whose schemas say how far axes may go on; without it they go on while they keep their sign
 * @param search that trials were drawn by
 */
export function compare(
  manifests: readonly Manifest[],
  objective: Objective,
  registry?: Registry,
  search?: Search,
): Comparison {
  const groups = groupsOf(manifests, objective);
  const winners = tunedWinners(groups, objective, factsOf(registry, search));
  const facets = [...new Set(winners.map(({ facet }) => facet))];
  const standings = facets.map((facet) =>
    standingOf(
      facet,
      winners.filter((winner) => winner.facet === facet),
      objective,
    ),
  );
  return { objective, groups, standings };
}
