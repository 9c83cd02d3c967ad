import { coincidingLines, turnOf } from "./coincidence.js";
import { type Curve, kindsOf, measured, panelsOf } from "./curve.js";

/** How the curves of a figure are stroked. */
export interface Strokes {
  /** The name of a curve's stroke: its kind, or its turn among curves that it coincides with. */
  readonly of: (curve: Curve) => string;
  readonly dashes: ReadonlyMap<string, readonly number[]>;
  /** What the legend says of colours that coincide with another wherever they are drawn. */
  readonly remarks: ReadonlyMap<string, string>;
  /** What coincides with what, and in which panels. */
  readonly sentences: readonly string[];
}

const dashesOfKinds = [
  [6, 4],
  [2, 3],
  [8, 3, 2, 3],
  [12, 4],
];

/** Colours that coincide, the first of them at the bottom, with the panels in which they do. */
interface Coincidence {
  readonly colours: readonly string[];
  readonly panels: string[];
}

function coincidencesOf(curves: readonly Curve[], panels: readonly string[], { logarithmic, ceiling }: StrokeOptions) {
  const found = new Map<string, Coincidence>();
  for (const panel of panels) {
    const lines = curves
      .filter((curve) => (curve.panel ?? "") === panel)
      .map(({ colour, points }) => ({
        name: colour,
        points: points.filter(({ value }) => value <= ceiling).map(({ step, value }) => [step, value] as const),
      }));
    for (const colours of coincidingLines(lines, logarithmic)) {
      const key = JSON.stringify(colours);
      const known = found.get(key);
      if (known) known.panels.push(panel);
      else found.set(key, { colours, panels: [panel] });
    }
  }
  return [...found.values()];
}

/** Dots so sparse that what they lie on shows between them. */
const dotted = [2, 7];

interface StrokeOptions {
  /** The kind whose curves are solid, and may coincide. */
  readonly main: string;
  /** Kinds that what is measured may lie on. */
  readonly references?: readonly string[];
  readonly logarithmic: boolean;
  /** Upper end of the axis. */
  readonly ceiling: number;
  /** Whether each curve has a colour of its own, so that curves that lie on each other are to be told apart. */
  readonly compares: boolean;
}

export function strokesOf(curves: readonly Curve[], options: StrokeOptions): Strokes {
  const { main, references = [] } = options;
  const others = kindsOf(curves).filter((kind) => kind !== main && kind !== measured);
  const dashes = new Map<string, readonly number[]>([
    [measured, [1, 0]],
    [main, [1, 0]],
    ...others.map(
      (kind, i) => [kind, references.includes(kind) ? dotted : dashesOfKinds[i % dashesOfKinds.length]!] as const,
    ),
  ]);
  const named = panelsOf(curves);
  const panels = named.length > 0 ? named : [""];
  const own = options.compares ? curves.filter(({ kind }) => kind === main) : [];
  const coincidences = coincidencesOf(own, panels, options);
  const strokes = new Map<string, string>();
  /** In how many panels a colour lies on another. */
  const pairs = new Map<string, number>();
  for (const { colours, panels: own } of coincidences) {
    for (const [i, colour] of colours.entries()) {
      const stroke = `${main}, ${i + 1} of ${colours.length}`;
      dashes.set(stroke, turnOf(i, colours.length));
      for (const panel of own) strokes.set(JSON.stringify([panel, colour]), stroke);
      const pair = JSON.stringify([colour, colours[0]]);
      if (i > 0) pairs.set(pair, (pairs.get(pair) ?? 0) + own.length);
    }
  }
  const everywhere = [...pairs].filter(([, count]) => count === panels.length);
  const remarks = new Map(
    everywhere.map(([pair]) => {
      const [colour, first] = JSON.parse(pair) as [string, string];
      return [colour, ` (coincides with ${first})`] as const;
    }),
  );
  return {
    of: ({ panel = "", colour, kind }) => (kind === main && strokes.get(JSON.stringify([panel, colour]))) || kind,
    dashes,
    remarks,
    sentences: coincidences.map(({ colours: [first, ...rest], panels: own }) => {
      const where = own.length === panels.length ? "" : ` (${own.join("; ")})`;
      return `${rest.join(" and ")} coincide${rest.length === 1 ? "s" : ""} with ${first}${where}: they take turns in dashes.`;
    }),
  };
}
