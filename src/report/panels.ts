import type { Spec } from "./figure.js";

/** The width that figures are laid out for where nothing says another one, as in SVG files. */
const width = 880;

/** What a page tells every figure: the words of its filter, and the width that it has for it. */
export const pageParams = [
  { name: "filter", value: "" },
  { name: "available", value: width },
] as const;

/** Keeps the rows of the groups that the page's filter names. */
export const searched = { filter: "filter === '' || indexof(lower(datum.group), lower(filter)) >= 0" };

interface PanelOptions {
  readonly panels: readonly string[];
  /** Height of a single panel; small multiples are lower. */
  readonly height: number;
  /** Axes that each panel has of its own. */
  readonly independent?: readonly ("x" | "y")[];
}

/** Room that an axis takes beside each panel. */
const axisRoom = 60;

/**
 * A figure of one panel, or of small multiples, one for each value of "panel". A page divides its width anew: `columns` is
 * the most that stand side by side.
 */
export function inPanels(unit: Spec, { panels, height, independent = [] }: PanelOptions): Spec {
  if (panels.length < 2) return { width: width - axisRoom, height, ...unit };
  const columns = panels.length === 2 || panels.length === 4 ? 2 : 3;
  return {
    facet: { field: "panel", type: "nominal", title: null, sort: panels },
    columns,
    spacing: 28,
    ...(independent.length > 0 && {
      resolve: { scale: Object.fromEntries(independent.map((axis) => [axis, "independent"])) },
    }),
    spec: {
      width: Math.floor(width / columns) - axisRoom,
      height: Math.round(height * (columns === 2 ? 0.72 : 0.56)),
      ...unit,
    },
  };
}
