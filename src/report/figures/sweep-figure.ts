import type { Cell, Figure, FigureMaker } from "../figure.js";
import { plural } from "../figure.js";
import { axesOf, type Group } from "../groups.js";
import { band, bandText, quantile } from "../quantile.js";

interface Cell1 {
  readonly group: Group;
  readonly x: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly diverged: number;
}

/** Final losses of a group's seeds; one that diverged or failed counts as infinite. */
export function finalLosses({ runs }: Group): number[] {
  return runs.map(({ status, outcome }) =>
    status === "completed" && outcome?.finalLoss !== undefined ? Number(outcome.finalLoss) : Number.POSITIVE_INFINITY,
  );
}

export const divergedOf = ({ runs }: Group) => runs.filter(({ status }) => status === "diverged").length;

const isLogarithmic = (values: readonly number[]) =>
  values.every((value) => value > 0) && Math.max(...values) >= 8 * Math.min(...values);

/** The group with the smallest median of each optimizer. */
function bestOf(cells: readonly Cell1[]): Set<Cell1> {
  const best = new Map<string, Cell1>();
  for (const cell of cells) {
    const known = best.get(cell.group.optimizer);
    if (Number.isFinite(cell.median) && (!known || cell.median < known.median)) best.set(cell.group.optimizer, cell);
  }
  return new Set(best.values());
}

const fields = ["group", "panel", "x", "value", "low", "high", "diverged", "seeds", "best", "mark", "pixel"];

/** Final loss against one swept number, for each optimizer. */
export const sweep: FigureMaker = ({ groups }): Figure | undefined => {
  const axes = axesOf(groups);
  const [axis] = axes;
  if (!axis || axes.length > 1 || !axis[1].every((value) => typeof value === "number")) return undefined;
  const [path, values] = axis as [string, number[]];
  const optimizers = [...new Set(groups.map(({ optimizer }) => optimizer))];
  const cells = groups.map((group): Cell1 => {
    const losses = finalLosses(group);
    return {
      group,
      x: Number(group.axes[path]),
      median: quantile(losses, 0.5),
      ...band(losses.filter(Number.isFinite)),
      diverged: divergedOf(group),
    };
  });
  const best = bestOf(cells);
  const seeds = Math.max(...groups.map(({ runs }) => runs.length));
  const rows = cells.map((cell): Cell[] => {
    const { group, x, median, low, high, diverged } = cell;
    const seedCount = group.runs.length;
    const pixel = 6 + 13 * optimizers.indexOf(group.optimizer);
    const share = diverged > 0 ? `${diverged} of ${seedCount} diverged` : "none";
    return [
      group.label,
      group.optimizer,
      x,
      median,
      low,
      high,
      share,
      seedCount,
      best.has(cell) ? "best" : "",
      diverged > 0 ? "diverged" : "finished",
      pixel,
    ];
  });
  const logX = isLogarithmic(values);
  const finite = cells.map(({ median }) => median).filter(Number.isFinite);
  const logY = finite.every((value) => value > 0);
  const crossed = cells.some(({ diverged }) => diverged > 0);
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
    title: "final loss f(w_K)",
    scale: {
      type: logY ? "log" : "linear",
      zero: false,
      ...(crossed && { range: [340, 12 + 13 * optimizers.length] }),
    },
    axis: { tickCount: 6, format: "~g" },
  };
  const picked = (opacity: number) => ({ condition: { param: "pick", value: opacity }, value: opacity * 0.08 });
  const tooltip = [
    { field: "group", title: "run" },
    { field: "x", type: "quantitative", title: path },
    { field: "value", type: "quantitative", title: "median final loss", format: ".6~g" },
    { field: "low", type: "quantitative", title: "band from", format: ".4~g" },
    { field: "high", type: "quantitative", title: "band to", format: ".4~g" },
    { field: "diverged", title: "diverged" },
    { field: "seeds", type: "quantitative", title: "seeds" },
  ];
  const spec = {
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
    width: 760,
    height: 340,
    encoding: {
      color: {
        field: "panel",
        type: "nominal",
        scale: { domain: optimizers },
        legend: optimizers.length > 1 ? {} : null,
      },
    },
    layer: [
      ...(seeds > 1
        ? [
            {
              mark: { type: "area", tooltip: false },
              transform: [{ filter: "isValid(datum.value)" }],
              encoding: { x, y: { ...y, field: "low" }, y2: { field: "high" }, opacity: picked(0.16) },
            },
          ]
        : []),
      {
        mark: { type: "line" },
        params: [
          {
            name: "zoom",
            select: { type: "interval", zoom: "wheel![event.ctrlKey || event.metaKey]" },
            bind: "scales",
          },
          { name: "pick", select: { type: "point", fields: ["panel"] }, bind: "legend" },
        ],
        encoding: { x, y, opacity: picked(1) },
      },
      { mark: { type: "point", filled: true, size: 34 }, encoding: { x, y, opacity: picked(1), tooltip } },
      {
        transform: [{ filter: "datum.best === 'best'" }],
        mark: { type: "point", filled: false, size: 190, strokeWidth: 2 },
        encoding: { x, y, opacity: picked(1), tooltip },
      },
      ...(crossed
        ? [
            {
              transform: [{ filter: "datum.mark === 'diverged'" }],
              mark: { type: "point", shape: "cross", angle: 45, filled: true, size: 52 },
              encoding: {
                x,
                y: { field: "pixel", type: "quantitative", scale: null, axis: null },
                opacity: picked(1),
                tooltip,
              },
            },
          ]
        : []),
    ],
    ...(crossed && { resolve: { scale: { y: "independent" } } }),
  };
  const caption = [
    seeds > 1
      ? `Median over ${plural(seeds, "seed")} (band: ${bandText(seeds)} of those that finished); a seed that diverged counts as infinite.`
      : "One seed (n = 1).",
    "Ring: the best of each optimizer.",
    crossed ? "× along the top: at least one seed diverged there." : "",
  ];
  return {
    id: "sweep",
    title: `Final loss against ${path}`,
    caption: caption.filter(Boolean).join(" "),
    spec,
    data: { fields, rows },
    switchable: ["x", "y"],
  };
};
