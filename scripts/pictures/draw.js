// Draws a picture: lines over steps, or over a swept value, and what the theory says of them, dashed.
import { themeConfig } from "../../dist/report/theme.js";
import { compactSvg } from "../gallery/compact.js";

/** @typedef {import("./theory.js").Picture} Picture */
/** @typedef {import("./theory.js").Curve} Curve */
/** @typedef {import("../../dist/results/manifest.js").Manifest} Manifest */
/** @typedef {{ manifests: readonly Manifest[], traces: import("../../dist/results/traces.js").Traces }} Results */
/** @typedef {{ x: number, y: number }} Point */

const pointsOfCurve = 120;

/** @param {Manifest} manifest */
const named = ({ optimizer, axes, seed }) => /** @type {Record<string, unknown>} */ ({ optimizer, seed, ...axes });

/**
 * The runs that a curve is made from.
 *
 * @param {Results} results
 * @param {Curve} curve
 */
function runsOf({ manifests }, { runs = {}, label }) {
  const found = manifests.filter((manifest) => {
    const values = named(manifest);
    return Object.entries(runs).every(([name, value]) => String(values[name]) === String(value));
  });
  if (found.length === 0) throw new Error(`no run for ${label}`);
  return found;
}

/** @type {Record<string, (values: readonly number[]) => number>} */
const statistics = {
  final: (values) => values.at(-1) ?? Number.NaN,
  first: (values) => values[0] ?? Number.NaN,
  "tail-maximum": (values) => Math.max(...values.slice(values.length / 2)),
};

/**
 * Evenly spread over the axis, with the first and the last.
 *
 * @param {Point[]} points
 * @param {boolean} logarithmic
 */
function thinned(points, logarithmic) {
  const position = (/** @type {Point} */ { x }) => (logarithmic ? Math.log(Math.max(x, 0.5)) : x);
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= pointsOfCurve || !first || !last) return points;
  const width = (position(last) - position(first)) / pointsOfCurve;
  let next = position(first);
  return points.filter((point) => {
    if (position(point) < next && point !== last) return false;
    next = Math.max(next + width, position(point));
    return true;
  });
}

/**
 * @param {Picture} picture
 * @param {Results} results
 * @param {Curve} curve
 * @returns {Point[]}
 */
function pointsOf(picture, results, curve) {
  const { column, layer, over = 1, map = (/** @type {number} */ value) => value } = curve;
  const runs = runsOf(results, curve);
  const valuesOf = (/** @type {Manifest} */ run) => {
    const { steps, values } = results.traces.series(run, column, layer);
    return { steps, values: values.map((value) => map(value / over)) };
  };
  const { against } = picture;
  if (against) {
    const statistic = statistics[curve.statistic ?? "final"];
    if (!statistic) throw new Error(`no statistic ${curve.statistic}`);
    return runs
      .map((run) => ({ x: Number(named(run)[against]), y: statistic(valuesOf(run).values) }))
      .sort((a, b) => a.x - b.x);
  }
  const { steps, values } = valuesOf(/** @type {Manifest} */ (runs[0]));
  const logarithmic = picture.logarithmic?.includes("x") ?? false;
  const shown = steps.map((x, i) => ({ x, y: Number(values[i]) }));
  const upTo = picture.upTo ?? Number.POSITIVE_INFINITY;
  return thinned(
    shown.filter(({ x, y }) => Number.isFinite(y) && x <= upTo && (!logarithmic || x > 0)),
    logarithmic,
  );
}

/**
 * An axis: powers of ten alone on a logarithmic one that has two of them, written as 1, 10, 1e2.
 *
 * @param {readonly number[]} values what is drawn
 * @param {boolean} logarithmic
 */
function axisOf(values, logarithmic) {
  if (!logarithmic) return { tickCount: 6 };
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => Math.log10(value));
  const decades = [];
  for (let i = Math.ceil(Number(least)); i <= Number(most); i++) decades.push(i);
  const every = Math.ceil(decades.length / 8);
  const ticks = decades.filter((i) => i % every === 0).map((i) => 10 ** i);
  const labelExpr = "replace(replace(format(datum.value, '~e'), 'e+0', ''), 'e+', 'e')";
  return { labelExpr, ...(ticks.length > 1 ? { values: ticks } : { tickCount: 4 }) };
}

const kinds = { measured: "measured", theory: "theory" };

/**
 * The picture as the text of an SVG file, on white.
 *
 * @param {Picture} picture
 * @param {Results} results
 */
export async function drawn(picture, results) {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const { curves, lines = [], logarithmic = "", x = "step k", y, floor, ceiling } = picture;
  const scale = (/** @type {"x" | "y"} */ axis) => ({
    type: logarithmic.includes(axis) ? "log" : "linear",
    nice: false,
    ...(axis === "y" && {
      zero: false,
      ...(floor !== undefined && { domainMin: floor }),
      ...(ceiling !== undefined && { domainMax: ceiling }),
    }),
  });
  const shows = (/** @type {number} */ value) =>
    value >= (floor ?? Number.NEGATIVE_INFINITY) &&
    value <= (ceiling ?? Number.POSITIVE_INFINITY) &&
    (!logarithmic.includes("y") || value > 0);
  const rows = curves.flatMap((curve) =>
    pointsOf(picture, results, curve)
      .filter((point) => shows(point.y))
      .map((point) => ({ ...point, label: curve.label, kind: curve.theory ? kinds.theory : kinds.measured })),
  );
  const axis = (/** @type {"x" | "y"} */ name) =>
    axisOf(
      rows.map((row) => row[name]),
      logarithmic.includes(name),
    );
  const labels = [...new Set(curves.map(({ label }) => label))];
  const longest = Math.max(...labels.map((label) => label.length));
  const hasBoth = curves.some(({ theory }) => theory) && curves.some(({ theory }) => !theory);
  const marked = (picture.against && curves.some(({ theory }) => !theory)) || false;
  const spec = {
    width: 440,
    height: 250,
    layer: [
      {
        data: { values: rows },
        mark: { type: "line", clip: true, ...(marked && { point: { size: 18 } }) },
        encoding: {
          x: { field: "x", type: "quantitative", title: x, scale: scale("x"), axis: axis("x") },
          y: { field: "y", type: "quantitative", title: y, scale: scale("y"), axis: axis("y") },
          color: {
            field: "label",
            type: "nominal",
            scale: { domain: labels },
            legend: labels.length > 1 ? { columns: longest > 14 ? 2 : 4 } : null,
          },
          strokeDash: {
            field: "kind",
            type: "nominal",
            scale: {
              domain: [kinds.measured, kinds.theory],
              range: [
                [1, 0],
                [5, 4],
              ],
            },
            legend: hasBoth ? { columns: 2 } : null,
          },
        },
      },
      ...lines.map(({ at, axis = "y", label }) => ({
        data: { values: [{ at, label }] },
        layer: [
          { mark: { type: "rule", strokeDash: [2, 3] }, encoding: { [axis]: { field: "at", type: "quantitative" } } },
          {
            mark: {
              type: "text",
              align: axis === "y" ? "right" : "left",
              baseline: "bottom",
              dx: axis === "y" ? -4 : 4,
              dy: axis === "y" ? -2 : 0,
              fontSize: 11,
            },
            encoding: {
              [axis]: { field: "at", type: "quantitative" },
              ...(axis === "y" ? { x: { value: 440 } } : { y: { value: 14 } }),
              text: { field: "label" },
            },
          },
        ],
      })),
    ],
    config: { ...themeConfig("light"), background: "white" },
  };
  const { spec: compiled } = compile(/** @type {never} */ (spec), { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logLevel: vega.Error });
  try {
    return compactSvg(await view.toSVG(), `${picture.name}: ${y} against ${x}`);
  } finally {
    view.finalize();
  }
}
