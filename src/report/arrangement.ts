import type { Group } from "../comparison/groups.js";

/** How figures tell groups apart: problems by panels, and what was done on a problem by colours. */
export interface Arrangement {
  /** Undefined where all groups are on one problem. */
  readonly panelOf: (group: Group) => string | undefined;
  readonly colourOf: (group: Group) => string;
  /** In the order of the groups, so that the same colours mean the same in all figures. */
  readonly colours: readonly string[];
}

/** The label without the words that say which problem it is. */
function withoutFacet({ label, facet }: Group): string {
  const words = new Set(facet.split(", "));
  return label
    .split(" ")
    .filter((word) => !words.has(word))
    .join(" ");
}

/** Short names first: the tuned optimizers of several problems have other options on each. */
const names: readonly ((group: Group) => string)[] = [({ optimizer }) => optimizer, withoutFacet, ({ label }) => label];

export function arrange(groups: readonly Group[]): Arrangement {
  const isFaceted = new Set(groups.map(({ facet }) => facet)).size > 1;
  const tellsApart = (nameOf: (group: Group) => string) =>
    new Set(groups.map((group) => JSON.stringify([group.facet, nameOf(group)]))).size === groups.length;
  const label = ({ label }: Group) => label;
  const colourOf = isFaceted ? (names.find(tellsApart) ?? label) : label;
  return {
    panelOf: ({ facet }) => (isFaceted ? facet : undefined),
    colourOf,
    colours: [...new Set(groups.map(colourOf))],
  };
}
