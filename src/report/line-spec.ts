import { distinctGroups } from "../comparison/groups.js";
import type { FigureData, Spec } from "./figure.js";
import type { Point } from "./series.js";

/** Points of one curve with what it is called. */
export interface Curve {
  /** The group it belongs to: its colour. */
  readonly group: string;
  /** The small multiple it is drawn in, where there are several. */
  readonly panel?: string;
  /** "measured", or the name of the bound or reference that is drawn next to it. */
  readonly kind: string;
  /** Value of the swept axis, where colour stands for it instead of the group. */
  readonly shade?: number | string;
  /** Seeds the median is taken over. */
  readonly seeds: number;
  readonly points: readonly Point[];
}

export const measured = "measured";

const fields = ["group", "panel", "kind", "shade", "seeds", "step", "value", "low", "high"];

/** Curves as tidy rows. */
export function curveData(curves: readonly Curve[]): FigureData {
  const rows = curves.flatMap(({ group, panel, kind, shade, seeds, points }) =>
    points.map(({ step, value, low, high }) => [group, panel, kind, shade, seeds, step, value, low, high]),
  );
  return { fields, rows };
}

export interface LineOptions {
  readonly curves: readonly Curve[];
  /** Order of the groups, which fixes their colours over all figures. */
  readonly groups: readonly string[];
  /** The kind of curves that have bands and full lines; default: what was measured. */
  readonly main?: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly logarithmic: boolean;
  readonly format?: string;
  /** What `shade` is, where colour stands for a swept axis. */
  readonly shadeTitle?: string;
  readonly markers?: boolean;
  /** Upper end of the axis, where curves that blow up would flatten the others. */
  readonly ceiling?: number | undefined;
}

/** Discs are easier to hit than lines; the longer the labels, the fewer columns. */
export function legendOfGroups(labels: readonly string[]) {
  const longest = Math.min(40, Math.max(...labels.map((label) => label.length)));
  const columns = Math.max(1, Math.min(4, Math.floor(800 / (6.5 * longest + 40))));
  return { columns, symbolType: "circle", symbolSize: 90, symbolStrokeWidth: 0 };
}

/** With the room that an axis leaves at its ends, the logarithm of less would be that of 0. */
const smallestOnLogarithmicAxis = 1e-290;

/** Whether a swept value is shown on a logarithmic scale: where all are positive and the largest is far from the smallest. */
export function spansDecades(values: readonly number[], ratio: number): boolean {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least >= smallestOnLogarithmicAxis && most >= ratio * least;
}

const distinct = <T>(values: readonly T[]) => [...new Set(values)];

function colour({ curves, groups, shadeTitle }: LineOptions): Spec {
  if (shadeTitle === undefined) {
    return {
      field: "group",
      type: "nominal",
      scale: { domain: groups },
      legend: groups.length > 1 ? legendOfGroups(groups) : null,
    };
  }
  const shades = distinct(curves.map(({ shade }) => shade));
  const numbers = shades.filter((shade) => typeof shade === "number");
  if (numbers.length < shades.length) return { field: "shade", type: "nominal", legend: { title: shadeTitle } };
  const logarithmic = spansDecades(numbers, 10);
  return {
    field: "shade",
    type: "quantitative",
    scale: { type: logarithmic ? "log" : "linear", scheme: "viridis" },
    legend: {
      title: shadeTitle,
      type: "gradient",
      gradientLength: 260,
      gradientThickness: 10,
      titleOrient: "left",
      tickCount: 5,
    },
  };
}

/** Values that a logarithmic axis cannot show leave a gap in the curve instead of a point at minus infinity. */
const showable = (field: string) => ({
  calculate: `logY && !(datum.${field} > 0) ? null : datum.${field}`,
  as: field,
});

const tooltip = ({ yTitle, xTitle }: LineOptions, several: boolean) => [
  { field: "group", title: "run" },
  { field: "kind", title: "curve" },
  { field: "step", type: "quantitative", title: xTitle },
  { field: "value", type: "quantitative", title: yTitle, format: ".6~g" },
  ...(several
    ? [
        { field: "low", type: "quantitative", title: "band from", format: ".4~g" },
        { field: "high", type: "quantitative", title: "band to", format: ".4~g" },
        { field: "seeds", type: "quantitative", title: "seeds" },
      ]
    : []),
];

/** Logarithmic axes end where the data end; linear ones need not contain 0. */
export const yScale = (logarithmic: boolean, domainMax?: number) => ({
  type: logarithmic ? "log" : "linear",
  nice: false,
  ...(!logarithmic && { zero: false }),
  ...(domainMax !== undefined && { domainMax }),
});

/** Where values differ by so little, relative to them, that an axis from one end to the other would show rounding. */
const flat = 1e-6;

/** An axis around curves that are the same everywhere but for rounding; undefined where they are not. */
function flatDomain(curves: readonly Curve[]): [number, number] | undefined {
  const values = curves
    .flatMap(({ points }) => points.flatMap(({ value, low = value, high = value }) => [value, low, high]))
    .filter(Number.isFinite);
  if (values.length === 0) return undefined;
  const [least, most] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  const size = Math.max(Math.abs(least), Math.abs(most));
  return size > 0 && most - least <= flat * size ? [least - 0.1 * size, most + 0.1 * size] : undefined;
}

/** Curves over steps: band, line, and points that answer to the pointer; one panel, or one for each `panel`. */
export function lineSpec(options: LineOptions): Spec {
  const { curves, groups, xTitle, yTitle, logarithmic, format, shadeTitle, markers = false, ceiling } = options;
  const { main = measured } = options;
  const domain = flatDomain(curves);
  const panels = distinct(curves.map(({ panel }) => panel).filter((panel) => panel !== undefined));
  const kinds = distinct(curves.map(({ kind }) => kind));
  const several = curves.some(({ points }) => points[0]?.low !== undefined);
  const few = shadeTitle === undefined && curves.length <= 4 * distinctGroups;
  const pickable = shadeTitle === undefined && groups.length > 1;
  const picked = (opacity: number) =>
    pickable ? { condition: { param: "pick", value: opacity }, value: opacity * 0.08 } : { value: opacity };
  const x = { field: "step", type: "quantitative", title: xTitle, scale: { type: "linear", nice: false } };
  const y = {
    field: "value",
    type: "quantitative",
    title: yTitle,
    scale: { ...yScale(logarithmic, ceiling), ...(domain && { domain }) },
    axis: { tickCount: 6, format: format ?? "~g" },
  };
  const isMain = { filter: `datum.kind === '${main}'` };
  const bandLayer = {
    transform: [isMain, { filter: "isValid(datum.low)" }],
    mark: { type: "area", clip: true, tooltip: false },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, opacity: picked(0.16) },
  };
  const lineLayer = {
    mark: { type: "line", clip: true, ...(shadeTitle !== undefined && { strokeWidth: 1.1 }) },
    params: [
      { name: "zoom", select: { type: "interval", zoom: "wheel![event.ctrlKey || event.metaKey]" }, bind: "scales" },
      ...(pickable ? [{ name: "pick", select: { type: "point", fields: ["group"] }, bind: "legend" }] : []),
    ],
    encoding: {
      x,
      y,
      detail: { field: "group" },
      opacity: picked(shadeTitle === undefined ? 1 : 0.75),
      ...(kinds.length > 1 && {
        strokeWidth: { condition: { test: `datum.kind === '${main}'`, value: 1.6 }, value: 1 },
        strokeDash: {
          field: "kind",
          type: "nominal",
          scale: { domain: kinds, range: kinds.map((_, i) => dashes[i % dashes.length]) },
          legend: { symbolStrokeColor: "#888888" },
        },
      }),
      ...(!few && { tooltip: tooltip(options, false).slice(0, 1) }),
    },
  };
  const pointLayer = {
    mark: { type: "point", filled: true, size: markers ? 28 : 60, clip: true },
    encoding: {
      x,
      y,
      opacity: markers ? picked(1) : { value: 0 },
      tooltip: tooltip(options, several),
    },
  };
  const layer = [...(several ? [bandLayer] : []), lineLayer, ...(few ? [pointLayer] : [])];
  const transform = [
    { filter: "filter === '' || indexof(lower(datum.group), lower(filter)) >= 0" },
    { filter: "!logX || datum.step > 0" },
    ...["value", ...(several ? ["low", "high"] : [])].map(showable),
  ];
  const shared = {
    data: { name: "points" },
    params: [
      { name: "filter", value: "" },
      { name: "logX", value: false },
      { name: "logY", value: logarithmic },
    ],
    transform,
  };
  const encoding = { color: colour(options) };
  if (panels.length < 2) return { ...shared, width: 800, height: 340, encoding, layer };
  const columns = panels.length === 2 || panels.length === 4 ? 2 : 3;
  return {
    ...shared,
    facet: { field: "panel", type: "nominal", title: null, sort: panels },
    columns,
    spacing: 28,
    spec: { width: columns === 2 ? 375 : 238, height: columns === 2 ? 250 : 190, encoding, layer },
  };
}

const dashes = [
  [1, 0],
  [6, 4],
  [2, 3],
  [8, 3, 2, 3],
  [12, 4],
];
