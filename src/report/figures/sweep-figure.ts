import { capitalized } from "../../base/text.js";
import { axesOf, bestGroups, type Group, medianOf, scoresOf } from "../../comparison/groups.js";
import { type Objective, wordsOf } from "../../comparison/objective.js";
import { band, bandText } from "../../comparison/quantile.js";
import { type Cell, type Figure, type FigureMaker, plural, type Spec } from "../figure.js";
import { legendOfGroups, spansDecades, yScale } from "../line-spec.js";

/** What a configuration came to over its seeds. */
interface Outcome {
  readonly group: Group;
  readonly x: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly diverged: number;
}

export const divergedOf = ({ runs }: Group) => runs.filter(({ status }) => status === "diverged").length;

function outcomeOf(group: Group, path: string, objective: Objective): Outcome {
  const finished = scoresOf(group, objective).filter(Number.isFinite);
  return {
    group,
    x: Number(group.axes[path]),
    median: medianOf(group, objective),
    ...(finished.length > 0 ? band(finished) : { low: Number.NaN, high: Number.NaN }),
    diverged: divergedOf(group),
  };
}

const fields = ["group", "panel", "facet", "x", "value", "low", "high", "diverged", "seeds", "best", "pixel"];

/** Height of the strip at the top in which diverged values are marked, one row an optimizer. */
const stripRow = 13;

function rowsOf(
  outcomes: readonly Outcome[],
  optimizers: readonly string[],
  isTuned: boolean,
  objective: Objective,
): Cell[][] {
  const best = new Set(
    isTuned
      ? bestGroups(
          outcomes.map(({ group }) => group),
          objective,
        )
      : [],
  );
  return outcomes.map((outcome) => {
    const { group, x, median, low, high, diverged } = outcome;
    const pixel = diverged > 0 ? 6 + stripRow * optimizers.indexOf(group.optimizer) : undefined;
    const isBest = best.has(group) && Number.isFinite(median) ? 1 : 0;
    return [
      group.label,
      group.optimizer,
      isTuned ? group.facet : "",
      x,
      median,
      low,
      high,
      diverged,
      group.runs.length,
      isBest,
      pixel,
    ];
  });
}

interface SweepOptions {
  readonly path: string;
  readonly optimizers: readonly string[];
  readonly seeds: number;
  /** Problems, one panel each where there are several. */
  readonly facets: readonly string[];
  /** What is drawn, in words. */
  readonly words: string;
  readonly crossed: boolean;
  readonly logX: boolean;
  readonly logY: boolean;
}

const height = 340;

function sweepSpec({ path, optimizers, seeds, facets, words, crossed, logX, logY }: SweepOptions): Spec {
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
    scale: { ...yScale(logY), ...(crossed && { range: [height, 12 + stripRow * optimizers.length] }) },
    axis: { tickCount: 6, format: "~g" },
  };
  const pickable = optimizers.length > 1;
  const opacity = (value: number) =>
    pickable ? { condition: { param: "pick", value }, value: value * 0.08 } : { value };
  const tooltip = [
    { field: "group", title: "run" },
    { field: "value", type: "quantitative", title: `median ${words}`, format: ".6~g" },
    { field: "low", type: "quantitative", title: "band from", format: ".4~g" },
    { field: "high", type: "quantitative", title: "band to", format: ".4~g" },
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
      ...(pickable ? [{ name: "pick", select: { type: "point", fields: ["panel"] }, bind: "legend" }] : []),
    ],
    encoding: { x, y, opacity: opacity(1) },
  };
  const points = { mark: { type: "point", filled: true, size: 34 }, encoding: { x, y, opacity: opacity(1), tooltip } };
  const rings = {
    transform: [{ filter: "datum.best" }],
    mark: { type: "point", filled: false, size: 190, strokeWidth: 2 },
    encoding: { x, y, opacity: opacity(1), tooltip },
  };
  const curves = [...(seeds > 1 ? [bandLayer] : []), lineLayer, points, rings];
  const crosses = {
    transform: [{ filter: "isValid(datum.pixel)" }],
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
      field: "panel",
      type: "nominal",
      scale: { domain: optimizers },
      legend: pickable ? legendOfGroups(optimizers) : null,
    },
  };
  return {
    data: { name: "points" },
    params: [
      { name: "filter", value: "" },
      { name: "logX", value: logX },
      { name: "logY", value: logY },
    ],
    transform: [
      { filter: "filter === '' || indexof(lower(datum.group), lower(filter)) >= 0" },
      { filter: "!logX || datum.x > 0" },
      { calculate: "logY && !(datum.value > 0) ? null : datum.value", as: "value" },
    ],
    ...(facets.length > 1
      ? {
          facet: { field: "facet", type: "nominal", title: null, sort: facets },
          columns: 2,
          spacing: 24,
          spec: { width: 370, height: Math.round(height * 0.7), encoding, ...panel },
          // Losses of different problems are not to be compared.
          resolve: { scale: { y: "independent" } },
        }
      : { width: 800, height, encoding, ...panel }),
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
  const facets = isTuned ? [...new Set(groups.map(({ facet }) => facet))] : [];
  const optimizers = [...new Set(groups.map(({ optimizer }) => optimizer))];
  const outcomes = groups.map((group) => outcomeOf(group, path, objective));
  const medians = outcomes.map(({ median }) => median).filter(Number.isFinite);
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const words = wordsOf(objective);
  const crossed = outcomes.some(({ diverged }) => diverged > 0);
  const logX = spansDecades(values, 8);
  const logY = medians.every((value) => value > 0);
  const caption = [
    seeds > 1
      ? `Median over ${plural(seeds, "seed")}, band from ${bandText(seeds)} of those that finished; a seed that diverged counts as the worst.`
      : "One seed (n = 1).",
    isTuned ? `Ring: the best of each optimizer${facets.length > 1 ? " on each problem" : ""}.` : "",
    crossed ? "× along the top: at least one seed diverged there." : "",
  ];
  return {
    id: "sweep",
    title: `${capitalized(words)} against ${path}`,
    caption: caption.filter(Boolean).join(" "),
    spec: sweepSpec({ path, optimizers, seeds, facets, words, crossed, logX, logY }),
    data: { fields, rows: rowsOf(outcomes, optimizers, isTuned, objective) },
    switchable: ["x", "y"],
  };
};
