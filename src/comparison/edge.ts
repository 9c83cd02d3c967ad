import { axesOf, type Group, medianOf } from "./groups.js";
import { axisName, plainNumber, shortNumber } from "./labels.js";
import type { Objective } from "./objective.js";
import { beyond } from "./spacing.js";

/** A tuned value at an end of what was tried: a better one may lie beyond. */
export interface Edge {
  /** The axis, e.g. "optimizer.learningRate". */
  readonly path: string;
  readonly value: number;
  readonly side: "smallest" | "largest";
  /** Values further inside that came to the same median: none better is to be looked for beyond. */
  readonly ties: readonly number[];
  /** Values beyond in the spacing of the axis, nearest first. */
  readonly further: readonly number[];
  /** What extends the axis by them, e.g. "--sweep optimizer.learningRate+=list:3.162,10"; a search has no such thing. */
  readonly option?: string;
}

/** What is known of axes besides the values that were tried. */
export interface AxisFacts {
  /** Whether a value may stand at a path of the config of a run: a momentum of 1 may not. */
  readonly allows: (group: Group, path: string, value: number) => boolean;
  /** Whether values are drawn from a space, which is to be widened in place of being extended. */
  readonly isSearched: (path: string) => boolean;
}

/** Nothing is known. */
export const anyAxis: AxisFacts = { allows: () => true, isSearched: () => false };

/** An end of fewer values is no finding, but what was asked for. */
const fewestValues = 3;

const hasSameAxes = (one: Group, other: Group, except: string) =>
  Object.keys(one.axes).every(
    (path) => path === except || JSON.stringify(one.axes[path]) === JSON.stringify(other.axes[path]),
  );

/** The groups that differ from this one at one path alone, itself among them, by ascending value there. */
export const along = (own: readonly Group[], winner: Group, path: string): Group[] =>
  own
    .filter((group) => typeof group.axes[path] === "number" && hasSameAxes(winner, group, path))
    .sort((a, b) => Number(a.axes[path]) - Number(b.axes[path]));

const isNumeric = (values: readonly unknown[]): values is readonly number[] =>
  values.every((value) => typeof value === "number");

function edgeOn(
  [path, values]: readonly [string, readonly number[]],
  own: readonly Group[],
  winner: Group,
  objective: Objective,
  { allows, isSearched }: AxisFacts,
): Edge | undefined {
  const ascending = [...values].sort((a, b) => a - b);
  const value = winner.axes[path] as number;
  const side = value === ascending[0] ? "smallest" : value === ascending.at(-1) ? "largest" : undefined;
  if (side === undefined || ascending.length < fewestValues) return undefined;
  // Where only whole numbers are allowed, the next ones.
  const whole = side === "largest" ? Math.ceil : Math.floor;
  const further = [
    ...new Set(beyond(ascending, side).map((one) => (allows(winner, path, one) ? one : whole(one)))),
  ].filter((one) => allows(winner, path, one));
  if (further.length === 0) return undefined;
  const median = medianOf(winner, objective);
  const line = along(own, winner, path);
  // Of trials that differ in several values one is the outermost by chance.
  if (isSearched(path) && line.length < fewestValues) return undefined;
  const ties = line.filter((group) => group !== winner && medianOf(group, objective) === median);
  return {
    ...{ path, value, side, further },
    ties: ties.map((group) => group.axes[path] as number),
    ...(!isSearched(path) && { option: `--sweep ${path}+=list:${further.map(plainNumber).join(",")}` }),
  };
}

/**
 * The tuned numeric axes on which the best configuration has the smallest or the largest value of those tried. One that
 * cannot go further, such as a momentum of 0, is none.
 *
 * @param own what one optimizer was tried with under the same conditions
 * @param winner the best of them, which came to a number
 */
export function edgesOf(own: readonly Group[], winner: Group, objective: Objective, facts = anyAxis): Edge[] {
  return axesOf(own).tuned.flatMap(([path, values]) =>
    isNumeric(values) ? (edgeOn([path, values], own, winner, objective, facts) ?? []) : [],
  );
}

/** Whether a better value may lie beyond. */
export const isOpen = ({ ties }: Edge): boolean => ties.length === 0;

/** "the largest learningRate tried, 1" */
export const edgeText = ({ path, value, side, ties }: Edge): string => {
  const tied = ties.length > 0 ? `, as good as ${ties.map(shortNumber).join(", ")}` : "";
  return `the ${side} ${axisName(path)} tried, ${shortNumber(value)}${tied}`;
};
