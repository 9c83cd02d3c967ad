import { printable } from "../base/text.js";
import type { Manifest } from "../results/manifest.js";
import { axesText, shownLabels } from "./labels.js";
import { isBetter, isCondition, medianScore, type Objective, scoreOf } from "./objective.js";

/** Runs that differ in their seed only: one curve, the median over them. */
export interface Group {
  /** The runs' label without the seed, made printable. */
  readonly label: string;
  readonly optimizer: string;
  readonly axes: Readonly<Record<string, unknown>>;
  /** Those of its axes that are conditions, e.g. the problem's: losses under different ones are not to be compared. */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** The same in words, e.g. "conditionNumber=10"; empty where no condition is swept. */
  readonly facet: string;
  readonly runs: readonly Manifest[];
}

/** How many groups are told apart by colour and legend; more are shown as small multiples. */
export const distinctGroups = 8;

const withoutSeed = (label: string) => label.replace(/ seed=-?\d+$/, "");

/** @param objective that says which axes are conditions */
export function groupsOf(manifests: readonly Manifest[], objective: Pick<Objective, "per">): Group[] {
  const groups = new Map<string, Manifest[]>();
  for (const manifest of manifests) {
    const label = withoutSeed(manifest.label);
    const members = groups.get(label);
    if (members) members.push(manifest);
    else groups.set(label, [manifest]);
  }
  const labels = shownLabels([...groups.keys()]);
  return [...groups.values()].map((runs, i) => {
    const { optimizer, axes } = runs[0]!;
    const conditions = Object.fromEntries(Object.entries(axes).filter(([path]) => isCondition(objective, path)));
    return {
      ...{ label: printable(labels[i]!), optimizer: printable(optimizer), axes, conditions, runs },
      facet: printable(axesText(conditions)),
    };
  });
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

/** The group with the best median: the first of several. */
export function bestOfAll(groups: readonly Group[], objective: Objective): Group {
  const medians = groups.map((group) => medianOf(group, objective));
  return groups[medians.reduce((best, median, i) => (isBetter(objective, median, medians[best]!) ? i : best), 0)]!;
}

/** The configurations that each optimizer was tried with under each combination of conditions. */
export function tunings(groups: readonly Group[]): (readonly Group[])[] {
  const byKey = new Map<string, Group[]>();
  for (const group of groups) {
    const key = JSON.stringify([group.optimizer, group.conditions]);
    const own = byKey.get(key);
    if (own) own.push(group);
    else byKey.set(key, [group]);
  }
  return [...byKey.values()];
}

/** The best group of each optimizer under each combination of conditions. */
export const bestGroups = (groups: readonly Group[], objective: Objective): Group[] =>
  tunings(groups).map((own) => bestOfAll(own, objective));

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

/** The axes that take more than one value: those that are tuned, and those that are conditions. */
export function axesOf(groups: readonly Group[]): { tuned: SweptAxis[]; facets: SweptAxis[] } {
  const paths = [...new Set(groups.flatMap(({ axes }) => Object.keys(axes)))];
  const axes = paths
    .map((path): SweptAxis => {
      const texts = new Map(groups.map(({ axes }) => [JSON.stringify(axes[path]), axes[path]]));
      return [path, [...texts.values()]];
    })
    .filter(([, values]) => values.length > 1);
  const isFacet = ([path]: SweptAxis) => groups.some(({ conditions }) => path in conditions);
  return { tuned: axes.filter((axis) => !isFacet(axis)), facets: axes.filter(isFacet) };
}
