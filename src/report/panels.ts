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
  /** Whether small multiples are as high as a single panel. */
  readonly isLow?: boolean;
  /** Axes that each panel has of its own. */
  readonly independent?: readonly ("x" | "y")[];
}

/** Room that an axis takes beside each panel. */
const axisRoom = 60;

/** How many panels stand side by side. */
const columnsOf = (panels: number) => (panels === 2 || panels === 4 ? 2 : 3);

/** Small multiples are lower than a single panel. */
const shareOfHeight = (panels: number) => (panels < 2 ? 1 : columnsOf(panels) === 2 ? 0.72 : 0.56);

export const heightOf = (panels: number, height: number) => Math.round(height * shareOfHeight(panels));

/**
 * A figure of one panel, or of small multiples, one for each value of "panel". A page divides its width anew: `columns` is
 * the most that stand side by side.
 */
export function inPanels(unit: Spec, { panels, height, isLow = false, independent = [] }: PanelOptions): Spec {
  if (panels.length < 2) return { width: width - axisRoom, height, ...unit };
  const columns = columnsOf(panels.length);
  return {
    facet: { field: "panel", type: "nominal", title: null, sort: panels },
    columns,
    spacing: 28,
    resolve: {
      // Rows that are not full would have their axis below the gap.
      axis: { x: "independent" },
      scale: Object.fromEntries(independent.map((axis) => [axis, "independent"])),
    },
    spec: {
      width: Math.floor(width / columns) - axisRoom,
      height: isLow ? height : heightOf(panels.length, height),
      ...unit,
    },
  };
}
