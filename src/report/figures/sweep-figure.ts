import { capitalized, plural } from "../../base/text.js";
import { axesOf, bestGroups, type Group, medianOf, scoresOf } from "../../comparison/groups.js";
import { isAccuracy, type Objective, wordsOf } from "../../comparison/objective.js";
import { bandText, spread } from "../../comparison/quantile.js";
import { type Curve, measured } from "../curve.js";
import type { Cell, Figure, FigureMaker, Spec } from "../figure.js";
import { heightOf, inPanels, pageParams, searched } from "../panels.js";
import { legendOfGroups, spansDecades, yScale } from "../scales.js";
import { type Strokes, strokesOf } from "../strokes.js";

/** What a configuration came to over its seeds. */
interface Outcome {
  readonly group: Group;
  readonly x: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly diverged: number;
}

/** Whether a search has stopped the configuration at a rung. */
export const isStopped = ({ runs }: Group) => runs.some(({ status }) => status === "stopped");

export const divergedOf = ({ runs }: Group) => runs.filter(({ status }) => status === "diverged").length;

function outcomeOf(group: Group, path: string, objective: Objective): Outcome {
  const finished = scoresOf(group, objective).filter(Number.isFinite);
  const { low, high } = finished.length > 0 ? spread(finished) : { low: Number.NaN, high: Number.NaN };
  return {
    group,
    x: Number(group.axes[path]),
    median: medianOf(group, objective),
    low,
    high,
    diverged: divergedOf(group),
  };
}

const fields = ["group", "colour", "panel", "stroke", "x", "value", "low", "high", "diverged", "seeds", "best", "row"];

interface SweepOptions {
  readonly path: string;
  readonly objective: Objective;
  readonly optimizers: readonly string[];
  readonly seeds: number;
  /** Problems, one panel each where there are several. */
  readonly panels: readonly string[];
  /** Whether the axis is tuned, and so has a best value. */
  readonly isTuned: boolean;
  readonly crossed: boolean;
  readonly logX: boolean;
  readonly logY: boolean;
  readonly strokes: Strokes;
}

/** The line of an optimizer on a problem. */
function curvesOf(outcomes: readonly Outcome[], isTuned: boolean): Curve[] {
  const byLine = new Map<string, Curve & { points: { step: number; value: number }[] }>();
  for (const { group, x, median } of outcomes.toSorted((a, b) => a.x - b.x)) {
    const panel = isTuned ? group.facet : "";
    const key = JSON.stringify([panel, group.optimizer]);
    const line = byLine.get(key) ?? {
      ...{ group: group.optimizer, colour: group.optimizer, panel, kind: measured, seeds: group.runs.length },
      points: [],
    };
    line.points.push({ step: x, value: median });
    byLine.set(key, line);
  }
  return [...byLine.values()];
}

function rowsOf(outcomes: readonly Outcome[], { optimizers, isTuned, objective, strokes }: SweepOptions): Cell[][] {
  const best = new Set(
    isTuned
      ? bestGroups(
          outcomes.map(({ group }) => group),
          objective,
        )
      : [],
  );
  return outcomes.map(({ group, x, median, low, high, diverged }) => {
    const panel = isTuned ? group.facet : "";
    const isBest = best.has(group) && Number.isFinite(median) ? 1 : 0;
    const row = diverged > 0 ? optimizers.indexOf(group.optimizer) : undefined;
    const stroke = strokes.of({
      group: group.optimizer,
      colour: group.optimizer,
      panel,
      kind: measured,
      seeds: 1,
      points: [],
    });
    const shared = [group.label, group.optimizer, panel, stroke];
    return [...shared, x, median, low, high, diverged, group.runs.length, isBest, row];
  });
}

const height = 340;

/** Height of a row of the strip at the bad end of the axis in which diverged values are marked, one row an optimizer. */
const stripRow = 13;

/** Where a row of the strip is, in pixels from the top, and what the strip leaves to the curves. */
function stripOf({ panels, optimizers, objective }: SweepOptions) {
  const inner = heightOf(panels.length, height);
  const strip = 12 + stripRow * optimizers.length;
  return objective.direction === "minimize"
    ? { pixel: `6 + ${stripRow} * datum.row`, range: [inner, strip] }
    : { pixel: `${inner - 6} - ${stripRow} * datum.row`, range: [inner - strip, 0] };
}

function sweepSpec(options: SweepOptions): Spec {
  const { path, objective, optimizers, seeds, panels, crossed, logX, logY, strokes } = options;
  const words = wordsOf(objective);
  const format = isAccuracy(objective) ? ".1%" : "~g";
  const strip = stripOf(options);
  const x = {
    field: "x",
    type: "quantitative",
    title: path,
    scale: { type: logX ? "log" : "linear", nice: false, padding: 12 },
    axis: { format: "~g" },
  };
  const y = {
    field: "value",
    type: "quantitative",
    title: words,
    scale: { ...yScale(logY), padding: 10, ...(crossed && { range: strip.range }) },
    axis: { tickCount: 6, format },
  };
  const pickable = optimizers.length > 1;
  const opacity = (value: number) =>
    pickable ? { condition: { param: "pick", value }, value: value * 0.08 } : { value };
  const digits = isAccuracy(objective) ? ".2%" : ".6~g";
  const tooltip = [
    { field: "group", title: "run" },
    { field: "value", type: "quantitative", title: `median ${words}`, format: digits },
    { field: "low", type: "quantitative", title: "band from", format: digits },
    { field: "high", type: "quantitative", title: "band to", format: digits },
    { field: "diverged", type: "quantitative", title: "seeds that diverged" },
    { field: "seeds", type: "quantitative", title: "seeds" },
  ];
  const bandLayer = {
    transform: [{ filter: "isValid(datum.value) && (!logY || datum.low > 0)" }],
    mark: { type: "area", tooltip: false },
    encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, opacity: opacity(0.16) },
  };
  const lineLayer = {
    mark: { type: "line" },
    params: [
      { name: "zoom", select: { type: "interval", zoom: "wheel![event.ctrlKey || event.metaKey]" }, bind: "scales" },
      ...(pickable ? [{ name: "pick", select: { type: "point", fields: ["colour"] }, bind: "legend" }] : []),
    ],
    encoding: {
      x,
      y,
      opacity: opacity(1),
      ...(strokes.dashes.size > 1 && {
        strokeDash: {
          field: "stroke",
          type: "nominal",
          scale: { domain: [...strokes.dashes.keys()], range: [...strokes.dashes.values()] },
          legend: null,
        },
      }),
    },
  };
  const points = { mark: { type: "point", filled: true, size: 34 }, encoding: { x, y, opacity: opacity(1), tooltip } };
  const rings = {
    transform: [{ filter: "datum.best" }],
    mark: { type: "point", filled: false, size: 190, strokeWidth: 2 },
    encoding: { x, y, opacity: opacity(1), tooltip },
  };
  const curves = [...(seeds > 1 ? [bandLayer] : []), lineLayer, points, rings];
  const crosses = {
    transform: [{ filter: "isValid(datum.row)" }, { calculate: strip.pixel, as: "pixel" }],
    mark: { type: "point", shape: "cross", angle: 45, filled: true, size: 52 },
    encoding: {
      x,
      y: { field: "pixel", type: "quantitative", scale: null, axis: null },
      opacity: opacity(1),
      tooltip,
    },
  };
  const panel = crossed
    ? { layer: [{ layer: curves }, crosses], resolve: { scale: { y: "independent" } } }
    : { layer: curves };
  const encoding = {
    color: {
      field: "colour",
      type: "nominal",
      scale: { domain: optimizers },
      legend: pickable ? legendOfGroups(optimizers, strokes.remarks) : null,
    },
  };
  return {
    data: { name: "points" },
    params: [...pageParams, { name: "logX", value: logX }, { name: "logY", value: logY }],
    transform: [
      searched,
      { filter: "!logX || datum.x > 0" },
      { calculate: "logY && !(datum.value > 0) ? null : datum.value", as: "value" },
    ],
    // Losses of different problems are not to be compared.
    ...inPanels({ encoding, ...panel }, { panels, height, independent: ["y"] }),
  };
}

/** The objective against one swept number, for each optimizer. */
export const sweep: FigureMaker = ({ groups, results: { objective } }): Figure | undefined => {
  const { tuned, facets: problems } = axesOf(groups);
  const isTuned = tuned.length > 0;
  const axes = isTuned ? tuned : problems;
  const [axis] = axes;
  if (!axis || axes.length > 1 || !axis[1].every((value) => typeof value === "number")) return undefined;
  const [path, values] = axis as [string, number[]];
  const panels = isTuned ? [...new Set(groups.map(({ facet }) => facet))] : [];
  const optimizers = [...new Set(groups.map(({ optimizer }) => optimizer))];
  const outcomes = groups.map((group) => outcomeOf(group, path, objective));
  const medians = outcomes.map(({ median }) => median).filter(Number.isFinite);
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const crossed = outcomes.some(({ diverged }) => diverged > 0);
  const logY = !isAccuracy(objective) && medians.every((value) => value > 0);
  const strokes = strokesOf(curvesOf(outcomes, isTuned), {
    main: measured,
    logarithmic: logY,
    ceiling: Number.POSITIVE_INFINITY,
    compares: true,
  });
  const logX = spansDecades(values, 8);
  const options: SweepOptions = {
    ...{ path, objective, optimizers, seeds, panels, isTuned, crossed, logX, logY, strokes },
  };
  const end = objective.direction === "minimize" ? "top" : "bottom";
  const stopped = outcomes.filter(({ group }) => isStopped(group)).length;
  const caption = [
    seeds > 1
      ? `Median over ${plural(seeds, "seed")}, band from ${bandText(seeds)} of those that finished; a seed that diverged counts as the worst.`
      : "One seed (n = 1).",
    isTuned ? `Ring: the best of each optimizer${panels.length > 1 ? " on each problem" : ""}.` : "",
    crossed ? `× along the ${end}: at least one seed diverged there.` : "",
    stopped > 0
      ? `${plural(stopped, "configuration")} stopped at a rung of the search ${stopped === 1 ? "is" : "are"} left out.`
      : "",
    ...strokes.sentences,
    panels.length > 1 ? "Each panel has an axis of its own." : "",
  ];
  return {
    id: "sweep",
    title: `${capitalized(wordsOf(objective))} against ${path}`,
    caption: caption.filter(Boolean).join(" "),
    spec: sweepSpec(options),
    data: { fields, rows: rowsOf(outcomes, options) },
    isAnswer: true,
    switchable: ["x", "y"],
  };
};
