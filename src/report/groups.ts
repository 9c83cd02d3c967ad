import type { Manifest } from "../results/manifest.js";
import { outcomeOf } from "../results/quantities.js";
import { quantile } from "./quantile.js";

/** Runs that differ in their seed only: one curve, the median over them. */
export interface Group {
  /** The runs' label without the seed, made printable. */
  readonly label: string;
  readonly optimizer: string;
  readonly axes: Readonly<Record<string, unknown>>;
  readonly runs: readonly Manifest[];
}

/** How many groups are told apart by colour and legend; more are shown as small multiples. */
export const distinctGroups = 8;

/** Control characters become visible signs: they have no place in a page or an SVG file. */
export const printable = (text: string) =>
  text.replace(/\p{Cc}/gu, (sign) =>
    String.fromCodePoint(sign.codePointAt(0)! < 0x20 ? 0x2400 + sign.codePointAt(0)! : 0x2421),
  );

/** Digits beyond the fifth only lengthen a legend; the table of runs has them all. */
const shortened = (label: string) =>
  label.replace(/-?\d+\.\d{5,}(e-?\d+)?|\d{7,}/g, (number) => String(Number(Number(number).toPrecision(4))));

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
    runs,
  }));
}

/**
 * Final training losses of a group's seeds, by which configurations are ranked; one that did not complete counts as
 * infinite, and so does a loss that is not a number.
 */
export function finalLosses({ runs }: Group): number[] {
  return runs.map((run) => {
    const loss = run.status === "completed" ? outcomeOf(run, "final", "trainLoss") : undefined;
    return loss === undefined || Number.isNaN(loss) ? Number.POSITIVE_INFINITY : loss;
  });
}

/** Median final training loss over the seeds. */
const medianFinalLoss = (group: Group): number => quantile(finalLosses(group), 0.5);

/** All groups if they can be told apart; else the best of each optimizer, by median final training loss. */
export function shownInDetail(groups: readonly Group[]): readonly Group[] {
  if (groups.length <= distinctGroups) return groups;
  const best = new Map<string, Group>();
  for (const group of groups) {
    const known = best.get(group.optimizer);
    if (!known || medianFinalLoss(group) < medianFinalLoss(known)) best.set(group.optimizer, group);
  }
  return [...best.values()].slice(0, distinctGroups);
}

/** The axes that take more than one value, with these values in the order of the runs. */
export function axesOf(groups: readonly Group[]): [path: string, values: unknown[]][] {
  const paths = [...new Set(groups.flatMap(({ axes }) => Object.keys(axes)))];
  return paths
    .map((path): [string, unknown[]] => {
      const texts = new Map(groups.map(({ axes }) => [JSON.stringify(axes[path]), axes[path]]));
      return [path, [...texts.values()]];
    })
    .filter(([, values]) => values.length > 1);
}
