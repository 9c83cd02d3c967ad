import type { Cell, Figure } from "./figure.js";
import { type Html, html } from "./html.js";

const [width, height, margin] = [132, 56, 4] as const;

/** The most points of one line: more are finer than the picture. */
const mostPoints = 60;

type Place = readonly [x: number, y: number];

/** The lines of a figure's first panel: what is measured, not what is drawn next to it; none of a map. */
function linesOf({ data: { fields, rows } }: Figure): Map<string, Place[]> {
  if (!fields.includes("colour")) return new Map();
  const cell = (row: readonly Cell[], name: string) => row[fields.indexOf(name)];
  const [x, isFirst] = [fields.includes("x") ? "x" : "step", cell(rows[0] ?? [], "panel")];
  const lines = new Map<string, Place[]>();
  for (const row of rows) {
    if (cell(row, "panel") !== isFirst || (cell(row, "kind") ?? "measured") !== "measured") continue;
    const key = String(x === "x" ? cell(row, "colour") : cell(row, "group"));
    const place = [Number(cell(row, x)), Number(cell(row, "value"))] as const;
    const line = lines.get(key);
    if (line) line.push(place);
    else lines.set(key, [place]);
  }
  return lines;
}

const isLogarithmic = ({ spec }: Figure, axis: "X" | "Y") =>
  (spec.params as { name: string; value: unknown }[]).some(
    ({ name, value }) => name === `log${axis}` && value === true,
  );

/** Positions in the picture of values on an axis; those that it cannot show are not finite. */
function positions(values: readonly number[], logarithmic: boolean, [from, to]: Place): (value: number) => number {
  const place = (value: number) => (logarithmic ? Math.log(value) : value);
  const finite = values.map(place).filter(Number.isFinite);
  const [least, most] = [
    finite.reduce((a, b) => Math.min(a, b), Infinity),
    finite.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
  const span = most - least || 1;
  return (value) => from + ((place(value) - least) / span) * (to - from);
}

/** A picture of a figure's lines without axes; undefined if it has none. */
export function thumbnailOf(figure: Figure): Html | undefined {
  const lines = [...linesOf(figure).values()].filter(({ length }) => length > 1);
  if (lines.length === 0) return undefined;
  const places = lines.flat();
  const xAt = positions(
    places.map(([x]) => x),
    isLogarithmic(figure, "X"),
    [margin, width - margin],
  );
  const yAt = positions(
    places.map(([, y]) => y),
    isLogarithmic(figure, "Y"),
    [height - margin, margin],
  );
  const paths = lines.map((line, i) => {
    const drawn = line
      .map(([x, y]) => [xAt(x), yAt(y)] as const)
      .filter((place) => place.every(Number.isFinite))
      .sort(([a], [b]) => a - b);
    const stride = Math.max(1, Math.ceil(drawn.length / mostPoints));
    const points = drawn.filter((_, k) => k % stride === 0 || k === drawn.length - 1);
    return html`<polyline class="line-${i % 8}" points="${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ")}"/>`;
  });
  return html`<svg class="thumbnail" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${figure.title}">${paths}</svg>`;
}
