import { distinctGroups } from "../comparison/groups.js";
import { type Curve, kindsOf, measured, panelsOf } from "./curve.js";
import type { FigureData, Spec } from "./figure.js";
import { inPanels, pageParams, searched } from "./panels.js";
import { flatDomain, gradientLegend, legendOfGroups, legendOfKinds, spansDecades, yScale } from "./scales.js";
import { type Strokes, strokesOf } from "./strokes.js";

export interface LineOptions {
  readonly curves: readonly Curve[];
  /** Their order, which fixes what they look like over all figures. */
  readonly colours: readonly string[];
  readonly xTitle: string;
  readonly yTitle: string;
  readonly logarithmic: boolean;
  readonly format?: string;
  /** What `shade` is, where colour stands for a swept axis. */
  readonly shadeTitle?: string;
  readonly markers?: boolean;
  /** Upper end of the axis, where curves that blow up would flatten the others. */
  readonly ceiling?: number | undefined;
  /** The kind that carries the figure; default: what is measured. Where it is another, that is faint. */
  readonly main?: string;
  /** Kinds that are the same whatever the group: grey. */
  readonly references?: readonly string[];
  /** Whether panels are of different problems, each with a scale of its own. */
  readonly independent?: boolean;
}

/** What is drawn, and what the caption should say of how. */
export interface LineFigure {
  readonly spec: Spec;
  readonly data: FigureData;
  readonly notes: readonly string[];
}

const fields = ["group", "colour", "panel", "kind", "stroke", "shade", "seeds", "step", "value", "low", "high"];

/** Curves as tidy rows. */
function rowsOf(curves: readonly Curve[], strokes: Strokes): FigureData {
  const rows = curves.flatMap((curve) => {
    const { group, colour, panel, kind, shade, seeds, points } = curve;
    const stroke = strokes.of(curve);
    return points.map(({ step, value, low, high }) => [
      ...[group, colour, panel, kind, stroke, shade, seeds],
      ...[step, value, low, high],
    ]);
  });
  return { fields, rows };
}

/** Grey in both themes. */
const grey = "#8b929a";

function colourOf({ curves, colours, shadeTitle, references = [] }: LineOptions, { remarks }: Strokes): Spec {
  if (shadeTitle === undefined) {
    const kinds = kindsOf(curves);
    // A single configuration has its kinds told apart by colour too, and one legend of both.
    if (colours.length === 1)
      return { field: "stroke", type: "nominal", scale: { domain: kinds }, legend: legendOfKinds(kinds) };
    const isReference = `indexof(${JSON.stringify(references)}, datum.kind) >= 0`;
    return {
      ...(references.length > 0 && { condition: { test: isReference, value: grey } }),
      field: "colour",
      type: "nominal",
      scale: { domain: colours },
      legend: legendOfGroups(colours, remarks),
    };
  }
  const shades = [...new Set(curves.map(({ shade }) => shade))];
  const numbers = shades.filter((shade) => typeof shade === "number");
  if (numbers.length < shades.length) return { field: "shade", type: "nominal", legend: { title: shadeTitle } };
  return {
    field: "shade",
    type: "quantitative",
    scale: { type: spansDecades(numbers, 10) ? "log" : "linear", scheme: "viridis" },
    legend: gradientLegend(shadeTitle),
  };
}

const withGrey = (legend: Spec | null) => legend && { ...legend, symbolStrokeColor: grey };

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

/** How faint what is measured is where a figure is about something else. */
const faint = 0.35;

/** Opacities of curves, less where the reader has singled others out. */
function opacities({ colours, shadeTitle, main = measured }: LineOptions) {
  const isPickable = shadeTitle === undefined && colours.length > 1;
  const isFaint = `datum.kind === '${measured}'`;
  const of = (opacity: number, withFaint: boolean) => ({
    ...(isPickable
      ? {
          condition: [
            ...(withFaint ? [{ test: { and: [{ param: "pick" }, isFaint] }, value: opacity * faint }] : []),
            { param: "pick", value: opacity },
          ],
          value: opacity * 0.08,
        }
      : { ...(withFaint && { condition: { test: isFaint, value: opacity * faint } }), value: opacity }),
  });
  return {
    isPickable,
    opacity: (value: number) => of(value, false),
    ofKinds: (value: number) => of(value, main !== measured),
  };
}

/** Curves over steps: band, line, and points that answer to the pointer; one panel, or one for each `panel`. */
export function lineFigure(options: LineOptions): LineFigure {
  const {
    curves,
    logarithmic,
    ceiling = Number.POSITIVE_INFINITY,
    main = measured,
    shadeTitle,
    references = [],
  } = options;
  const isShaded = shadeTitle !== undefined;
  const strokes = strokesOf(curves, { main, logarithmic, ceiling, references, compares: !isShaded });
  return { spec: specOf(options, strokes), data: rowsOf(curves, strokes), notes: strokes.sentences };
}

function specOf(options: LineOptions, strokes: Strokes): Spec {
  const {
    curves,
    xTitle,
    yTitle,
    logarithmic,
    format,
    shadeTitle,
    markers = false,
    ceiling,
    independent = false,
  } = options;
  const { main = measured } = options;
  const values = () =>
    curves.flatMap(({ points }) => points.flatMap(({ value, low = value, high = value }) => [value, low, high]));
  const domain = independent ? undefined : flatDomain(values());
  const kinds = kindsOf(curves);
  const several = curves.some(({ points }) => points[0]?.low !== undefined);
  const few = shadeTitle === undefined && curves.length <= 4 * distinctGroups;
  const { isPickable, opacity, ofKinds } = opacities(options);
  const x = { field: "step", type: "quantitative", title: xTitle, scale: { type: "linear", nice: false } };
  const y = {
    field: "value",
    type: "quantitative",
    title: yTitle,
    scale: { ...yScale(logarithmic, independent ? undefined : ceiling), ...(domain && { domain }) },
    axis: { tickCount: 6, format: format ?? "~g" },
  };
  const bandLayer = {
    transform: [{ filter: `datum.kind === '${main}' && isValid(datum.low)` }],
    mark: { type: "area", clip: true, tooltip: false },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, opacity: opacity(0.16) },
  };
  const lineLayer = {
    mark: { type: "line", clip: true, ...(shadeTitle !== undefined && { strokeWidth: 1.1 }) },
    params: [
      { name: "zoom", select: { type: "interval", zoom: "wheel![event.ctrlKey || event.metaKey]" }, bind: "scales" },
      ...(isPickable ? [{ name: "pick", select: { type: "point", fields: ["colour"] }, bind: "legend" }] : []),
    ],
    encoding: {
      x,
      y,
      detail: { field: "group" },
      opacity: ofKinds(shadeTitle === undefined ? 1 : 0.75),
      ...(strokes.dashes.size > 1 && {
        strokeWidth: { condition: { test: `datum.kind === '${main}'`, value: 1.6 }, value: 1 },
        strokeDash: {
          field: "stroke",
          type: "nominal",
          scale: { domain: [...strokes.dashes.keys()], range: [...strokes.dashes.values()] },
          legend: withGrey(legendOfKinds(kinds)),
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
      opacity: markers ? opacity(1) : { value: 0 },
      tooltip: tooltip(options, several),
    },
  };
  const layer = [...(several ? [bandLayer] : []), lineLayer, ...(few ? [pointLayer] : [])];
  return {
    data: { name: "points" },
    params: [...pageParams, { name: "logX", value: false }, { name: "logY", value: logarithmic }],
    transform: [
      searched,
      { filter: "!logX || datum.step > 0" },
      ...["value", ...(several ? ["low", "high"] : [])].map(showable),
    ],
    ...inPanels(
      { encoding: { color: colourOf(options, strokes) }, layer },
      { panels: panelsOf(curves), height: 340, independent: independent ? ["y"] : [] },
    ),
  };
}
