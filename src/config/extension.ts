import { canonicalJson } from "./identity.js";
import type { Experiment } from "./load.js";
import { type Axis, type Sweep, type SweepBlock, valuesOf } from "./sweep.js";

/** Values by which an axis goes on beyond what a config says. */
export interface Extension {
  /** A swept path. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/** What a sweep was extended by, and which: a later run of the same one goes as far. */
export interface Extended {
  readonly from: Sweep;
  readonly by: readonly Extension[];
}

/** The values that were there stay as they are, to the last digit, and so do the runs that were made with them. */
function extendedAxis(axis: Axis, values: readonly unknown[]): Axis {
  const known = new Set(valuesOf(axis).map(canonicalJson));
  const added = values.filter((value) => !known.has(canonicalJson(value)));
  if (added.length === 0) return axis;
  // Lists have a method of that name.
  const parts = !Array.isArray(axis) && "concat" in axis ? (axis.concat as readonly Axis[]) : [axis];
  return { concat: [...parts, added] };
}

/**
 * A sweep with more values on one axis, in every block that has it.
 *
 * @throws RangeError if it is no axis of a grid
 */
export function extendedSweep(sweep: Sweep | undefined, { path, values }: Extension): Sweep {
  const blocks = (Array.isArray(sweep) ? sweep : [sweep ?? {}]) as readonly SweepBlock[];
  if (blocks.some(({ zip = {} }) => path in zip)) {
    throw new RangeError(`the config zips ${path} with other paths; extend them together there`);
  }
  const paths = blocks.flatMap(({ grid = {} }) => Object.keys(grid));
  if (!paths.includes(path)) {
    throw new RangeError(
      `${path} is no axis of the sweep, whose axes are: ${[...new Set(paths)].join(", ") || "none"}; give its values with = in place of +=`,
    );
  }
  const extended = blocks.map(({ grid = {}, ...rest }) => {
    const axis = grid[path];
    return { ...rest, grid: axis === undefined ? grid : { ...grid, [path]: extendedAxis(axis, values) } };
  });
  return Array.isArray(sweep) ? extended : extended[0]!;
}

function together(one: readonly Extension[], other: readonly Extension[]): Extension[] {
  const paths = [...new Set([...one, ...other].map(({ path }) => path))];
  return paths.map((path) => {
    const values = [...one, ...other].flatMap((extension) => (extension.path === path ? extension.values : []));
    return { path, values: [...new Set(values)] };
  });
}

/**
 * An experiment whose sweep goes further. It remembers from where.
 *
 * @throws RangeError if one of the paths is no axis of a grid
 */
export function extendExperiment(experiment: Experiment, by: readonly Extension[]): Experiment {
  if (by.length === 0) return experiment;
  const sweep = by.reduce<Sweep | undefined>(extendedSweep, experiment.sweep)!;
  const { from = experiment.sweep!, by: before = [] } = experiment.extended ?? {};
  return {
    ...experiment,
    sweep,
    raw: { ...experiment.raw, sweep },
    extended: { from, by: together(before, by) },
  };
}

/** Whether this is what an experiment's sweep was extended from. */
export const isExtensionOf = ({ sweep, extended }: Experiment, { from }: Extended): boolean =>
  canonicalJson(extended?.from ?? sweep) === canonicalJson(from);
