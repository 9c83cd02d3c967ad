/** With the room that an axis leaves at its ends, the logarithm of less would be that of 0. */
const smallestOnLogarithmicAxis = 1e-290;

/** Whether a swept value is shown on a logarithmic scale: where all are positive and the largest is far from the smallest. */
export function spansDecades(values: readonly number[], ratio: number): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least >= smallestOnLogarithmicAxis && most >= ratio * least;
}

/** Logarithmic axes end where the data end; linear ones need not contain 0. */
export const yScale = (logarithmic: boolean, domainMax?: number) => ({
  type: logarithmic ? "log" : "linear",
  nice: false,
  ...(!logarithmic && { zero: false }),
  ...(domainMax !== undefined && { domainMax }),
});

/** Where values differ by so little, relative to them, that an axis from one end to the other would show rounding. */
const flat = 1e-6;

/** An axis around values that are the same but for rounding; undefined where they are not. */
export function flatDomain(values: readonly number[]): [number, number] | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  const [least, most] = [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
  const size = Math.max(Math.abs(least), Math.abs(most));
  return size > 0 && most - least <= flat * size ? [least - 0.1 * size, most + 0.1 * size] : undefined;
}

/** A legend stands above the panels, beside the room of their axis. */
const besides = 70;

const labelLimit = { expr: `min(360, available - ${besides + 40})` };

/** A sum that a page's width divides into columns of the legend: the longer the labels, the fewer. */
const columnsOf = (longest: number) => `max(1, min(8, floor((available - ${besides}) / ${6.5 * longest + 40})))`;

/**
 * Discs are easier to hit than lines.
 *
 * @param remarks what is said of a label behind it
 */
export function legendOfGroups(labels: readonly string[], remarks: ReadonlyMap<string, string> = new Map()) {
  const texts = labels.map((label) => [label, `${label}${remarks.get(label) ?? ""}`]);
  const longest = Math.min(52, Math.max(...texts.map(([, text]) => text!.length)));
  return {
    columns: { expr: columnsOf(longest) },
    labelLimit,
    symbolType: "circle",
    symbolSize: 90,
    symbolStrokeWidth: 0,
    ...(remarks.size > 0 && { labelExpr: `${JSON.stringify(Object.fromEntries(texts))}[datum.label]` }),
  };
}

/** Strokes with the kinds of curves that they stand for; none where there is but one. */
export const legendOfKinds = (kinds: readonly string[]) =>
  kinds.length > 1
    ? {
        values: kinds,
        columns: { expr: columnsOf(Math.max(...kinds.map(({ length }) => length))) },
        labelLimit,
        symbolStrokeWidth: 2,
      }
    : null;

/** A bar of colours that fits on a phone. */
export const gradientLegend = (title: string) => ({
  title,
  type: "gradient",
  gradientLength: { expr: `min(260, available - ${besides + 20})` },
  gradientThickness: 10,
  titleOrient: "top",
  tickCount: 5,
  labelOverlap: "greedy",
});
