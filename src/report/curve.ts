import type { Point } from "./series.js";

/** Points of one curve with what it is called. */
export interface Curve {
  /** The group it belongs to. */
  readonly group: string;
  /** What its colour stands for. */
  readonly colour: string;
  /** The small multiple it is drawn in, where there are several. */
  readonly panel?: string | undefined;
  /** "measured", or the name of the bound or reference that is drawn next to it. */
  readonly kind: string;
  /** Value of the swept axis, where colour stands for it instead. */
  readonly shade?: number | string;
  /** Seeds the median is taken over. */
  readonly seeds: number;
  readonly points: readonly Point[];
}

export const measured = "measured";

/** The small multiples of a figure, in the order of their curves; none where there is but one panel. */
export const panelsOf = (curves: readonly Curve[]): string[] => [
  ...new Set(curves.flatMap(({ panel }) => (panel === undefined ? [] : [panel]))),
];

/** The kinds of a figure's curves. */
export const kindsOf = (curves: readonly Curve[]): string[] => [...new Set(curves.map(({ kind }) => kind))];
