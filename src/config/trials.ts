import { canonicalJson } from "./identity.js";
import { type Dimension, type Search, spaceOf } from "./search.js";
import type { Assignment } from "./sweep.js";
import { unitCubePoints } from "./unit-cube.js";

/** Digits of what a search makes: as many as anybody tunes by, and few enough to read and to type again. */
const digits = 4;

const exponentOf = (value: number) => Number(value.toExponential().split("e")[1]);

/**
 * To four digits of the value, or of the interval's width where these are finer. So labels can be read, and engines
 * whose powers and logarithms differ in their last bits still make the same runs.
 */
function rounded(value: number, low: number, high: number): number {
  if (value === 0) return 0;
  const finer = Math.max(0, exponentOf(value) - exponentOf(high - low));
  const short = Number(value.toPrecision(Math.min(17, digits + finer)));
  return Math.min(high, Math.max(low, short));
}

/** What a dimension makes of a coordinate u in [0, 1). */
export function valueAt(dimension: Dimension, u: number): unknown {
  if ("choice" in dimension) return dimension.choice[Math.floor(u * dimension.choice.length)];
  if ("uniform" in dimension) {
    const [low, high] = dimension.uniform;
    return rounded(low + u * (high - low), low, high);
  }
  const [low, high] = dimension.log;
  return rounded(Math.exp(Math.log(low) + u * (Math.log(high) - Math.log(low))), low, high);
}

/** How many different points a space has; Infinity for one with numbers in it. */
function sizeOf(dimensions: readonly Dimension[]): number {
  const sizes = dimensions.map((one) =>
    "choice" in one ? new Set(one.choice.map(canonicalJson)).size : Number.POSITIVE_INFINITY,
  );
  return sizes.reduce((product, size) => product * size, 1);
}

/** Draws a trial may take: every one of n choices comes up in some n·ln n. */
const mostDraws = (trials: number) => 1000 + 100 * trials;

/**
 * The trials of one optimizer: the first different ones that the search comes to. Where two optimizers search the same
 * space they are the same; the first n are, however many follow.
 *
 * @throws RangeError if the optimizer has no paths, or its space fewer points than trials
 */
export function trialsOf(search: Search, optimizer: string): Assignment[] {
  const space = Object.entries(spaceOf(search, optimizer));
  if (space.length === 0) {
    throw new RangeError(
      `search: there is nothing to search over for ${optimizer}; give space, or perOptimizer.${optimizer}`,
    );
  }
  const { trials } = search;
  const size = sizeOf(space.map(([, dimension]) => dimension));
  const tooFew = (points: number) =>
    new RangeError(
      `search.trials: got ${trials}, but the space of ${optimizer} has only ${points} different points; use at most that, or a larger space`,
    );
  if (size < trials) throw tooFew(size);
  const found = new Map<string, Assignment>();
  let draws = 0;
  for (const point of unitCubePoints(search, space.length)) {
    const trial = Object.fromEntries(space.map(([path, dimension], i) => [path, valueAt(dimension, point[i]!)]));
    const key = canonicalJson(trial);
    if (!found.has(key)) found.set(key, trial);
    if (found.size === trials) break;
    if (++draws > mostDraws(trials)) throw tooFew(found.size);
  }
  return [...found.values()];
}
