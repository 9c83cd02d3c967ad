/** A line as it is drawn: straight pieces between points, from left to right. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** The share of the axis that a line's own thickness takes, about a pixel of a figure's height. */
const thickness = 0.003;

/** The height of a line at x; NaN where it is not drawn. */
function heightAt({ points }: Line, x: number): number {
  let low = 0;
  let high = points.length - 1;
  if (high < 0 || x < points[0]![0] || x > points[high]![0]) return Number.NaN;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] < x) low = middle + 1;
    else high = middle;
  }
  const [right, y] = points[low]!;
  if (right === x) return y;
  const [left, before] = points[low - 1]!;
  return before + ((x - left) / (right - left)) * (y - before);
}

/** Whether one line lies on the other, where both are drawn and at both ends. */
function liesOn(one: Line, other: Line, tolerance: number): boolean {
  return one.points.every(([x, y]) => Math.abs(y - heightAt(other, x)) <= tolerance);
}

/** What lines that are flat but for rounding are told apart by. */
const rounding = 1e-6;

const spanOf = (values: readonly number[]) =>
  values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY) -
  values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

/**
 * Lines that the eye cannot tell apart, nowhere farther from each other than a line is thick: sets of two or more, each in
 * the order of the lines.
 *
 * @param logarithmic whether the y axis is; points that it cannot show are left out
 */
export function coincidingLines(lines: readonly Line[], logarithmic: boolean): string[][] {
  const drawn = lines
    .map(({ name, points }) => ({
      name,
      points: points
        .map(([x, y]) => [x, logarithmic ? Math.log(y) : y] as const)
        .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
    }))
    .filter(({ points }) => points.length > 1);
  const heights = drawn.flatMap(({ points }) => points.map(([, y]) => y));
  const tolerance = Math.max(thickness * spanOf(heights), rounding * spanOf([0, ...heights]));
  const sets: Line[][] = [];
  for (const line of drawn) {
    const set = sets.find(([first]) => liesOn(line, first!, tolerance) && liesOn(first!, line, tolerance));
    if (set) set.push(line);
    else sets.push([line]);
  }
  return sets.filter(({ length }) => length > 1).map((set) => set.map(({ name }) => name));
}

/** Length of the dashes in which coincident lines take turns. */
const dash = 9;

/** Dashes of line `i` of `count` that lie on each other, the first at the bottom: each leaves those below it their turn. */
export const turnOf = (i: number, count: number): readonly number[] =>
  i === 0 ? [1, 0] : [(count - i) * dash, i * dash];
