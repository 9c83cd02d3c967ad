import { toDigits } from "../base/numbers.js";
import { printable } from "../base/text.js";
import type { Manifest } from "../results/manifest.js";
import { isBetter, medianScore, type Objective, scoreOf } from "./objective.js";

/** Runs that differ in their seed only: one curve, the median over them. */
export interface Group {
  /** The runs' label without the seed, made printable. */
  readonly label: string;
  readonly optimizer: string;
  readonly axes: Readonly<Record<string, unknown>>;
  /** The problem and data of the group where they are swept, e.g. "conditionNumber=10"; else empty. */
  readonly facet: string;
  readonly runs: readonly Manifest[];
}

/** How many groups are told apart by colour and legend; more are shown as small multiples. */
export const distinctGroups = 8;

/** Digits beyond the fifth only lengthen a legend; the table of runs has them all. */
const shortened = (label: string) =>
  label.replace(/-?\d+\.\d{5,}(e-?\d+)?|\d{7,}/g, (number) => toDigits(Number(number), 4));

export function groupsOf(manifests: readonly Manifest[]): Group[] {
  const groups = new Map<string, Manifest[]>();
  for (const manifest of manifests) {
    const label = manifest.label.replace(/ seed=-?\d+$/, "");
    const members = groups.get(label);
    if (members) members.push(manifest);
    else groups.set(label, [manifest]);
  }
  const short = new Set([...groups.keys()].map(shortened));
  const unique = short.size === groups.size;
  return [...groups].map(([label, runs]) => ({
    label: printable(unique ? shortened(label) : label),
    optimizer: printable(runs[0]!.optimizer),
    axes: runs[0]!.axes,
    facet: printable(facetOf(runs[0]!.axes)),
    runs,
  }));
}

/** What is to be solved, in place of how: losses under different values of such an axis are not to be compared. */
const isFacet = (path: string) => /^(problem|data)(\.|$)/.test(path);

function facetOf(axes: Group["axes"]): string {
  const parts = Object.entries(axes).filter(([path]) => isFacet(path));
  return parts
    .map(
      ([path, value]) =>
        `${path.split(".").at(-1)}=${typeof value === "number" ? shortened(String(value)) : JSON.stringify(value)}`,
    )
    .join(", ");
}

/** α of a loss α·f: what it is divided by where losses of different α are shown together. */
export const lossScaleOf = ({ runs }: Group): number =>
  (runs[0]!.config.problem as { readonly lossScale?: number }).lossScale ?? 1;

/** What a group's seeds came to. */
export const scoresOf = (group: Group, objective: Objective): number[] =>
  group.runs.map((run) => scoreOf(objective, run));

/** Median over the seeds, by which configurations are ranked: the worst there is where half of them came to nothing. */
export const medianOf = (group: Group, objective: Objective): number =>
  medianScore(objective, scoresOf(group, objective));

/** The group with the best median of each optimizer on each problem: the first of several. */
export function bestGroups(groups: readonly Group[], objective: Objective): Group[] {
  const best = new Map<string, { group: Group; median: number }>();
  for (const group of groups) {
    const key = JSON.stringify([group.optimizer, group.facet]);
    const median = medianOf(group, objective);
    const known = best.get(key);
    if (!known || isBetter(objective, median, known.median)) best.set(key, { group, median });
  }
  return [...best.values()].map(({ group }) => group);
}

/** Most groups drawn one by one. */
const mostShown = 24;

/** All groups if they can be told apart; else the best of each optimizer on each problem. */
export function shownInDetail(groups: readonly Group[], objective: Objective): readonly Group[] {
  return groups.length <= distinctGroups ? groups : bestGroups(groups, objective).slice(0, mostShown);
}

/** Most groups whose curves are drawn faintly, as small multiples: more are a grey area, and megabytes. */
const mostMultiples = 400;

/** All groups, or as many of each optimizer as there is room for, evenly spread over the sweep. */
export function spread(groups: readonly Group[], most = mostMultiples): readonly Group[] {
  if (groups.length <= most) return groups;
  const byOptimizer = new Map<string, Group[]>();
  for (const group of groups) {
    const own = byOptimizer.get(group.optimizer);
    if (own) own.push(group);
    else byOptimizer.set(group.optimizer, [group]);
  }
  const share = most / groups.length;
  return [...byOptimizer.values()].flatMap((own) => {
    const count = Math.max(1, Math.floor(own.length * share));
    return Array.from({ length: count }, (_, i) => own[Math.round((i * (own.length - 1)) / Math.max(1, count - 1))]!);
  });
}

/** An axis of a sweep with the values it takes, in the order of the runs. */
export type SweptAxis = readonly [path: string, values: readonly unknown[]];

/** The axes that take more than one value: those that are tuned, and those that make another problem of it. */
export function axesOf(groups: readonly Group[]): { tuned: SweptAxis[]; facets: SweptAxis[] } {
  const paths = [...new Set(groups.flatMap(({ axes }) => Object.keys(axes)))];
  const axes = paths
    .map((path): SweptAxis => {
      const texts = new Map(groups.map(({ axes }) => [JSON.stringify(axes[path]), axes[path]]));
      return [path, [...texts.values()]];
    })
    .filter(([, values]) => values.length > 1);
  return { tuned: axes.filter(([path]) => !isFacet(path)), facets: axes.filter(([path]) => isFacet(path)) };
}
