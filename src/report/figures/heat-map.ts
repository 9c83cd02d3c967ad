import { toDigits } from "../../base/numbers.js";
import { capitalized, plural } from "../../base/text.js";
import { axesOf, bestGroups, type Group, lossScaleOf, medianOf } from "../../comparison/groups.js";
import { isAccuracy, isBetter, wordsOf } from "../../comparison/objective.js";
import { quantile } from "../../comparison/quantile.js";
import type { Cell, Figure, FigureMaker } from "../figure.js";
import { inPanels, pageParams, searched } from "../panels.js";
import { gradientLegend } from "../scales.js";
import { divergedOf } from "./sweep-figure.js";

const fields = ["group", "panel", "x", "y", "value", "diverged", "seeds", "best"];

const short = (value: unknown) =>
  typeof value === "number" ? toDigits(value, 3) : typeof value === "string" ? value : JSON.stringify(value);

/** Accuracies are told apart from the lowest to the highest. */
function accuracyRange(medians: readonly number[]): [low: number, high: number] {
  const finite = medians.filter(Number.isFinite);
  return finite.length === 0 ? [0, 1] : [Math.min(...finite), Math.max(...finite)];
}

/** Losses that colours tell apart: those of runs that blew up would flatten all others, and 0 has no logarithm. */
function colourRange(medians: readonly number[]): [low: number, high: number] {
  const finite = medians.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const high = Math.min(
    finite.reduce((a, b) => Math.max(a, b)),
    10 * Math.abs(quantile(finite, 0.5)) || 1,
  );
  const least = finite.reduce((a, b) => Math.min(a, b));
  const positive = finite.filter((value) => value > 0 && value < high);
  if (least < 0 || positive.length === 0) return [Math.min(least, high), high];
  return [
    Math.max(
      1e-16 * high,
      positive.reduce((a, b) => Math.min(a, b)),
    ),
    high,
  ];
}

/**
 * The objective's median over two swept axes, one panel an optimizer. Over more axes the best of what the others give,
 * save those that make another problem of it: these have panels of their own.
 */
export const heatMap: FigureMaker = ({ groups, results: { objective } }): Figure | undefined => {
  const { tuned, facets } = axesOf(groups);
  /** Losses of every α in one unit. */
  const scaleOf = isAccuracy(objective) ? () => 1 : lossScaleOf;
  const [first, second, ...rest] = [...tuned, ...facets];
  // Two problems are two panels of the sweep's figure.
  if (!first || !second || (tuned.length === 1 && second[1].length < 3)) return undefined;
  const others = rest.filter((axis) => tuned.includes(axis));
  /** Problems that neither of the two axes tells apart. */
  const hasFacetPanels = rest.length > others.length;
  const panelOf = ({ optimizer, facet }: Group) => (hasFacetPanels ? `${optimizer}, ${facet}` : optimizer);
  const cells = new Map<string, { group: Group; row: Cell[]; median: number }>();
  for (const group of groups) {
    const median = medianOf(group, objective) / scaleOf(group);
    const [x, y] = [short(group.axes[first[0]]), short(group.axes[second[0]])];
    const key = JSON.stringify([panelOf(group), x, y]);
    const known = cells.get(key);
    if (known && !isBetter(objective, median, known.median)) continue;
    const share = `${divergedOf(group)} of ${group.runs.length}`;
    cells.set(key, { median, group, row: [group.label, panelOf(group), x, y, median, share, group.runs.length, ""] });
  }
  const values = [...cells.values()];
  const best = new Set(
    tuned.length > 0
      ? bestGroups(
          values.map(({ group }) => group),
          objective,
        )
      : [],
  );
  for (const { group, row, median } of values) if (best.has(group) && Number.isFinite(median)) row[7] = "best";
  const isShare = isAccuracy(objective);
  const [low, high] = (isShare ? accuracyRange : colourRange)(values.map(({ median }) => median));
  const panels = [...new Set(groups.map(panelOf))];
  const words = wordsOf(objective);
  const [xs, ys] = [first[1].map(short), second[1].map(short)];
  const position = (field: string, title: string, sort: readonly string[]) => ({ field, type: "ordinal", title, sort });
  const tooltip = [
    { field: "group", title: "run" },
    { field: "value", type: "quantitative", title: `median ${words}`, format: isShare ? ".2%" : ".6~g" },
    { field: "diverged", title: "diverged seeds" },
  ];
  const x = { ...position("x", first[0], xs), axis: { labelAngle: -45, labelOverlap: "greedy", grid: false } };
  const y = { ...position("y", second[0], [...ys].reverse()), axis: { grid: false } };
  const unit = {
    encoding: { x, y },
    layer: [
      {
        transform: [{ filter: "isValid(datum.value)" }],
        mark: { type: "rect" },
        encoding: {
          color: {
            field: "value",
            type: "quantitative",
            scale: {
              type: low > 0 && !isShare ? "log" : "linear",
              domain: [low, high],
              clamp: true,
              reverse: objective.direction === "minimize",
            },
            legend: { ...gradientLegend(words), format: isShare ? ".1%" : "~g" },
          },
          tooltip,
        },
      },
      {
        transform: [{ filter: "!isValid(datum.value)" }],
        mark: { type: "text", text: "×", fontSize: 13 },
        encoding: { tooltip },
      },
      {
        transform: [{ filter: "datum.best === 'best'" }],
        mark: { type: "point", filled: false, size: 120, strokeWidth: 2.5, color: "#d55e00" },
        encoding: { tooltip },
      },
    ],
  };
  const spec = {
    data: { name: "points" },
    params: pageParams,
    transform: [searched],
    ...inPanels(unit, { panels, height: Math.min(320, Math.max(90, ys.length * 24)), isLow: true }),
  };
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const caption = [
    `Median over ${plural(seeds, "seed")}; ×: half of the seeds or more diverged, or were stopped.`,
    best.size > 0 ? `Ring: the best of each optimizer${facets.length > 0 ? " on each problem" : ""}.` : "",
    groups.some((group) => scaleOf(group) !== 1) ? "Losses are divided by problem.lossScale." : "",
    isShare ? "" : "Colours end at ten times the median.",
    others.length > 0 ? `The best over ${others.map(([path]) => path).join(", ")}.` : "",
  ];
  return {
    id: "heat-map",
    title: `${capitalized(words)} over ${first[0]} and ${second[0]}`,
    caption: caption.filter(Boolean).join(" "),
    spec,
    data: { fields, rows: values.map(({ row }) => row) },
    isAnswer: true,
    switchable: [],
  };
};
