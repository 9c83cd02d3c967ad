import { z } from "zod";
import { power } from "../base/power.js";

const atLeastOne = z.int().positive();

/**
 * The values an axis takes: a list, or a generator of numbers. Values are never rounded.
 *
 * @param value schema of the single values of a list
 */
export function axisSchema<Value extends z.ZodType>(value: Value) {
  const axis: z.ZodType<Axis> = z.lazy(() =>
    z.union([
      z.array(value).min(1),
      z.strictObject({ list: z.array(value).min(1) }),
      z.strictObject({
        range: z
          .tuple([z.number(), z.number(), z.number().positive()])
          .describe("[start, end, step]: start, start + step, … below end"),
      }),
      z.strictObject({ linspace: z.tuple([z.number(), z.number(), atLeastOne]).describe("[first, last, count]") }),
      z.strictObject({
        logspace: z
          .tuple([z.number().positive(), z.number().positive(), atLeastOne])
          .describe("[first, last, count], in constant ratio"),
      }),
      z.strictObject({ concat: z.array(axis).min(1).describe("axes one after the other") }),
    ]),
  ) as z.ZodType<Axis>;
  return axis;
}

export type Axis =
  | readonly unknown[]
  | { readonly list: readonly unknown[] }
  | { readonly range: readonly [number, number, number] }
  | { readonly linspace: readonly [number, number, number] }
  | { readonly logspace: readonly [number, number, number] }
  | { readonly concat: readonly Axis[] };

const axes = z.record(z.string(), axisSchema(z.unknown()));

const blockSchema = z.strictObject({
  grid: axes.optional().describe("paths whose values are combined each with each"),
  zip: axes.optional().describe("paths whose values advance together"),
});

/** Blocks are concatenated; in a block, the zipped axes count as one more axis of the grid. */
export const sweepSchema = z.union([blockSchema, z.array(blockSchema).min(1)]);

export interface SweepBlock {
  readonly grid?: Readonly<Record<string, Axis>>;
  readonly zip?: Readonly<Record<string, Axis>>;
}
export type Sweep = SweepBlock | readonly SweepBlock[];

/** One combination of a sweep: a value for each config path. */
export type Assignment = Readonly<Record<string, unknown>>;

function spaced(count: number, first: number, last: number, between: (share: number) => number): number[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? first : i === count - 1 ? last : between(i / (count - 1))));
}

/** How many values an axis takes; they are counted before any is made. */
export function countOf(axis: Axis): number {
  if (Array.isArray(axis)) return axis.length;
  if ("list" in axis) return axis.list.length;
  if ("concat" in axis) return (axis.concat as readonly Axis[]).reduce((sum, part) => sum + countOf(part), 0);
  if ("range" in axis) {
    const [start, end, step] = axis.range;
    // Absorbs the rounding of the division, so that [0, 1, 0.1] has ten values and not eleven.
    return Math.max(0, Math.ceil((end - start) / step - 1e-9));
  }
  const { linspace, logspace } = axis as { linspace?: readonly number[]; logspace?: readonly number[] };
  return (linspace ?? logspace)![2]!;
}

/** A few values that stand for all of an axis: what a generator makes are numbers, all of a kind. */
export function samplesOf(axis: Axis): readonly unknown[] {
  if (Array.isArray(axis)) return axis;
  if ("list" in axis) return axis.list;
  if ("concat" in axis) return (axis.concat as readonly Axis[]).flatMap(samplesOf);
  return [0];
}

/** The values of an axis, in order. */
export function valuesOf(axis: Axis): readonly unknown[] {
  if (Array.isArray(axis)) return axis as readonly unknown[];
  if ("list" in axis) return axis.list;
  if ("concat" in axis) return (axis.concat as readonly Axis[]).flatMap(valuesOf);
  if ("range" in axis) {
    const [start, , step] = axis.range;
    return Array.from({ length: countOf(axis) }, (_, i) => start + i * step);
  }
  if ("linspace" in axis) {
    const [first, last, count] = axis.linspace;
    return spaced(count, first, last, (share) => first + share * (last - first));
  }
  const [first, last, count] = (axis as { logspace: readonly [number, number, number] }).logspace;
  const [low, high] = [Math.log10(first), Math.log10(last)];
  return spaced(count, first, last, (share) => power(10, low + share * (high - low)));
}

/** The columns of a zip, and how many rows they have. */
function zippedRows(axes: Readonly<Record<string, Axis>>): number {
  const counts = Object.entries(axes).map(([path, axis]) => [path, countOf(axis)] as const);
  if (new Set(counts.map(([, count]) => count)).size > 1) {
    const lengths = counts.map(([path, count]) => `${path} has ${count}`);
    throw new RangeError(`sweep.zip: all axes must have the same number of values, but ${lengths.join(", ")}`);
  }
  return counts[0]?.[1] ?? 0;
}

const blocksOf = (sweep: Sweep | undefined): readonly SweepBlock[] =>
  sweep === undefined ? [{}] : Array.isArray(sweep) ? (sweep as readonly SweepBlock[]) : [sweep as SweepBlock];

/** Every path that a sweep varies. */
export const pathsOf = (sweep: Sweep | undefined): string[] =>
  blocksOf(sweep).flatMap(({ grid = {}, zip = {} }) => [...Object.keys(grid), ...Object.keys(zip)]);

/**
 * The number of combinations of a sweep; 1 for no sweep.
 *
 * @throws RangeError if zipped axes differ in length
 */
export function countAssignments(sweep: Sweep | undefined): number {
  return blocksOf(sweep)
    .map(({ grid = {}, zip }) =>
      Object.values(grid).reduce((product, axis) => product * countOf(axis), zip ? zippedRows(zip) : 1),
    )
    .reduce((sum, count) => sum + count, 0);
}

/** Assignments that are made when they are wanted. */
interface Column {
  readonly count: number;
  at(i: number): Assignment;
}

function columnOf(path: string, axis: Axis): Column {
  const values = valuesOf(axis);
  return { count: values.length, at: (i) => ({ [path]: values[i] }) };
}

function zippedColumn(axes: Readonly<Record<string, Axis>>): Column {
  const columns = Object.entries(axes).map(([path, axis]) => columnOf(path, axis));
  return { count: zippedRows(axes), at: (i) => Object.assign({}, ...columns.map((column) => column.at(i))) };
}

/** Every combination of these columns, the last one advancing first. */
function* products([first, ...rest]: readonly Column[]): Generator<Assignment> {
  if (!first) yield {};
  else for (let i = 0; i < first.count; i++) for (const other of products(rest)) yield { ...first.at(i), ...other };
}

/**
 * Every combination of a sweep, in order; one empty combination for no sweep.
 *
 * @throws RangeError if zipped axes differ in length
 */
export function* assignmentsOf(sweep: Sweep | undefined): Generator<Assignment> {
  for (const { grid = {}, zip } of blocksOf(sweep)) {
    const columns = Object.entries(grid).map(([path, axis]) => columnOf(path, axis));
    yield* products(zip ? [...columns, zippedColumn(zip)] : columns);
  }
}
