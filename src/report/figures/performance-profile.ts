import {
  costsToTarget,
  type PerformanceProfile,
  performanceProfiles,
  shareWithin,
} from "../../comparison/performance-profile.js";
import { targetWords } from "../../config/target-schema.js";
import type { Cell, Figure, FigureMaker, Spec } from "../figure.js";
import { inPanels, pageParams, searched } from "../panels.js";
import { legendOfGroups } from "../scales.js";

/** τ up to which profiles are drawn, as AlgoPerf does. */
const largestRatio = 4;

const fields = ["group", "ratio", "share"];

/** The corners of each step function, up to the largest ratio. */
const rowsOf = (profiles: readonly PerformanceProfile[]): Cell[][] =>
  profiles.flatMap((profile) => [
    ...profile.points.map(({ ratio, share }) => [profile.optimizer, ratio, share]),
    [profile.optimizer, largestRatio, shareWithin(profile, largestRatio)],
  ]);

function spec(optimizers: readonly string[]): Spec {
  const x = {
    field: "ratio",
    type: "quantitative",
    title: "τ: at most so many times the steps of the best",
    scale: { type: "linear", nice: false, zero: false, domain: [1, largestRatio] },
  };
  const y = {
    field: "share",
    type: "quantitative",
    title: "share of the problems",
    scale: { type: "linear", nice: false, domain: [0, 1] },
    axis: { format: ".0%", tickCount: 5 },
  };
  const opacity = { condition: { param: "pick", value: 1 }, value: 0.08 };
  const tooltip = [
    { field: "group", title: "optimizer" },
    { field: "ratio", type: "quantitative", title: "τ", format: ".4~g" },
    { field: "share", type: "quantitative", title: "problems", format: ".1%" },
  ];
  return {
    data: { name: "points" },
    params: [...pageParams, { name: "logX", value: false }, { name: "logY", value: false }],
    transform: [searched],
    ...inPanels(
      {
        encoding: {
          color: { field: "group", type: "nominal", scale: { domain: optimizers }, legend: legendOfGroups(optimizers) },
        },
        layer: [
          {
            mark: { type: "line", interpolate: "step-after" },
            params: [{ name: "pick", select: { type: "point", fields: ["group"] }, bind: "legend" }],
            encoding: { x, y, opacity },
          },
          { mark: { type: "point", filled: true, size: 30 }, encoding: { x, y, opacity, tooltip } },
        ],
      },
      { panels: [], height: 300 },
    ),
  };
}

/** On how many of several problems each optimizer is how near to the best one there. */
export const performanceProfile: FigureMaker = ({ groups, results }): Figure | undefined => {
  const { objective, target } = results;
  if (!target) return undefined;
  const costs = costsToTarget(groups, objective, "steps");
  const problems = new Set(costs.map(({ problem }) => problem)).size;
  const profiles = performanceProfiles(costs, largestRatio);
  if (problems < 2 || profiles.length < 2) return undefined;
  return {
    id: "performance-profile",
    title: "Performance profiles",
    caption: `On how large a share of ${problems} problems each optimizer, tuned on each of them, takes at most τ times the steps of the best one to ${targetWords(target)}; medians over seeds. A problem that it does not solve is within no ratio (Dolan and Moré, 2002).`,
    spec: spec(profiles.map(({ optimizer }) => optimizer)),
    data: { fields, rows: rowsOf(profiles) },
    switchable: [],
  };
};
