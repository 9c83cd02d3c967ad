export type Place = readonly [x: number, y: number];

/** Values on a rectangular grid: of (x_i, y_j) the entry j·|x| + i. */
export interface Grid {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly values: ArrayLike<number>;
}

interface Corner {
  readonly place: Place;
  readonly value: number;
}

type Piece = readonly [Place, Place];

/**
 * The lines on which the interpolated values are `level`, by marching squares: in each cell a piece joins the two places
 * where a line crosses the edges; where lines cross all four, the value in the middle tells which corners belong
 * together. Cells with values that are not finite have none. A closed line ends where it begins.
 */
export function contourLines({ x, y, values }: Grid, level: number): Place[][] {
  const corner = (i: number, j: number): Corner => ({ place: [x[i]!, y[j]!], value: values[j * x.length + i]! });
  const pieces: Piece[] = [];
  for (let j = 0; j + 1 < y.length; j++) {
    for (let i = 0; i + 1 < x.length; i++) {
      pieces.push(...piecesIn([corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)], level));
    }
  }
  return joined(pieces);
}

/** Where the level is crossed between two corners: the same place, to the bit, whichever comes first. */
function crossing(a: Corner, b: Corner, level: number): Place {
  const [low, high] = a.value < b.value ? [a, b] : [b, a];
  const share = (level - low.value) / (high.value - low.value);
  const between = (axis: 0 | 1) => low.place[axis] + share * (high.place[axis] - low.place[axis]);
  return [between(0), between(1)];
}

/** @param corners counter-clockwise */
function piecesIn(corners: readonly Corner[], level: number): Piece[] {
  if (!corners.every(({ value }) => Number.isFinite(value))) return [];
  const isAbove = ({ value }: Pick<Corner, "value">) => value >= level;
  const [a, b, c, d] = corners.flatMap((from, i) => {
    const to = corners[(i + 1) % 4]!;
    return isAbove(from) === isAbove(to) ? [] : [crossing(from, to, level)];
  });
  if (!a || !b) return [];
  if (!c || !d) return [[a, b]];
  const middle = { value: corners.reduce((sum, { value }) => sum + value, 0) / 4 };
  // Either the first and third corner are cut off, or, where the middle is none of theirs, the other two.
  return isAbove(middle) === isAbove(corners[0]!)
    ? [
        [a, b],
        [c, d],
      ]
    : [
        [d, a],
        [b, c],
      ];
}

/** Lines made of pieces that share their ends, as far as they go. */
function joined(pieces: readonly Piece[]): Place[][] {
  const at = new Map<string, Piece[]>();
  const left = new Set(pieces);
  const key = (place: Place) => place.join();
  for (const piece of pieces) {
    for (const place of piece) at.set(key(place), [...(at.get(key(place)) ?? []), piece]);
  }
  /** The places that follow one, each piece used up. */
  const following = (from: Place): Place[] => {
    const line: Place[] = [];
    for (let end = from; ; ) {
      const next = at.get(key(end))?.find((piece) => left.delete(piece));
      if (!next) return line;
      end = key(next[0]) === key(end) ? next[1] : next[0];
      line.push(end);
    }
  };
  return pieces.flatMap((piece) => {
    if (!left.delete(piece)) return [];
    const ahead = following(piece[1]);
    return [[...following(piece[0]).reverse(), ...piece, ...ahead]];
  });
}
