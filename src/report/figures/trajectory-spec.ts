import type { Spec } from "../figure.js";
import { inPanels, pageParams, searched } from "../panels.js";
import { legendOfGroups } from "../scales.js";

const position = (field: string) => ({
  field,
  type: "quantitative",
  title: field,
  scale: { nice: false, zero: false },
  axis: { grid: false },
});

/** Rows of these kinds. */
const ofKind = (...kinds: string[]) => ({ filter: `indexof(${JSON.stringify(kinds)}, datum.kind) >= 0` });

const tooltip = [
  { field: "group", title: "run" },
  { field: "step", type: "quantitative", title: "step" },
  { field: "x", type: "quantitative", format: ".6~g" },
  { field: "y", type: "quantitative", format: ".6~g" },
  { field: "loss", type: "quantitative", title: "loss", format: ".6~g" },
];

/** Contour lines, minima, and on them the ways of runs, in one panel a function. */
export function trajectorySpec(panels: readonly string[], colours: readonly string[]): Spec {
  const [x, y] = [position("x"), position("y")];
  const order = { field: "step", type: "quantitative" };
  const isPickable = colours.length > 1;
  const opacity = isPickable ? { condition: { param: "pick", value: 1 }, value: 0.08 } : { value: 1 };
  const color = {
    field: "colour",
    type: "nominal",
    scale: { domain: colours },
    legend: isPickable ? legendOfGroups(colours) : null,
  };
  const contours = {
    transform: [ofKind("contour")],
    mark: { type: "line", strokeWidth: 0.8, color: "#888888", opacity: 0.55, clip: true },
    encoding: { x, y, order, detail: { field: "line" } },
  };
  const minima = {
    transform: [ofKind("minimum")],
    mark: { type: "point", shape: "cross", angle: 45, filled: true, size: 80, color: "#888888", opacity: 1 },
    encoding: { x, y, tooltip: tooltip.slice(2) },
  };
  const ways = {
    transform: [ofKind("start", "way", "end"), searched],
    mark: { type: "line", clip: true },
    params: isPickable ? [{ name: "pick", select: { type: "point", fields: ["colour"] }, bind: "legend" }] : [],
    encoding: { x, y, order, color, detail: { field: "group" }, opacity },
  };
  const ends = (kind: string, mark: Spec) => ({
    transform: [ofKind(kind), searched],
    mark: { type: "point", clip: true, size: 60, ...mark },
    encoding: { x, y, color, tooltip, opacity },
  });
  const layer = [
    contours,
    minima,
    ways,
    ends("start", { filled: false, strokeWidth: 2 }),
    ends("end", { filled: true }),
  ];
  return {
    data: { name: "points" },
    params: pageParams,
    ...inPanels({ layer }, { panels, height: 440, independent: ["x", "y"] }),
  };
}
