import type { RandomStream } from "../base/random.js";
import type { Point, Skeleton, Stroke } from "./digit-skeletons.js";

/** Side of a synthetic image in pixels. */
export const imageSide = 28;

/** A number of bell-shaped distribution in (−1, 1), standard deviation 1/3; made of sums alone, so exact on every machine. */
export function bell(stream: RandomStream): number {
  return (stream.uniform() + stream.uniform() + stream.uniform()) / 1.5 - 1;
}

type Warp = (point: Point) => Point;

/** Vertices a span of a stroke is divided into. */
const verticesPerSpan = 5;

/** The smooth curve (Catmull–Rom spline) through a stroke's control points, as the vertices of a polyline. */
function smooth(stroke: Stroke): Point[] {
  const vertices: Point[] = [stroke[0]!];
  for (let i = 0; i + 1 < stroke.length; i++) {
    const [from, to] = [stroke[i]!, stroke[i + 1]!];
    const [before, after] = [stroke[i - 1] ?? from, stroke[i + 2] ?? to];
    for (let vertex = 1; vertex <= verticesPerSpan; vertex++) {
      const t = vertex / verticesPerSpan;
      const along = (axis: 0 | 1) => catmullRom(before[axis], from[axis], to[axis], after[axis], t);
      vertices.push([along(0), along(1)]);
    }
  }
  return vertices;
}

function catmullRom(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Stretches one half of the digit at the cost of the other, so that loops, bowls and stems differ in size. */
function proportions(stream: RandomStream): Warp {
  const [right, down] = [0.2 * bell(stream), 0.2 * bell(stream)];
  return ([x, y]) => [x + right * x * (1 - x), y + down * y * (1 - y)];
}

/** Weights of the four neighbouring lattice points in a uniform cubic B-spline at t in [0, 1]. */
function splineWeights(t: number): readonly [number, number, number, number] {
  const s = 1 - t;
  return [(s * s * s) / 6, (4 + 3 * t * t * (t - 2)) / 6, (4 + 3 * s * s * (s - 2)) / 6, (t * t * t) / 6];
}

/**
 * An elastic deformation: random displacements on a lattice of `cells` × `cells` cells over the unit square, smoothly
 * interpolated by cubic B-splines.
 */
function elastic(stream: RandomStream, cells: number, strength: number): Warp {
  const side = cells + 3;
  const displacements = Float64Array.from({ length: 2 * side * side }, () => strength * bell(stream));
  const locate = (z: number) => {
    const cell = Math.min(cells - 1, Math.max(0, Math.floor(z * cells)));
    return [cell, splineWeights(Math.min(1, Math.max(0, z * cells - cell)))] as const;
  };
  return ([x, y]) => {
    const [column, across] = locate(x);
    const [row, down] = locate(y);
    let [right, below] = [0, 0];
    for (let i = 0; i < 4; i++) {
      for (let j = 0; j < 4; j++) {
        const at = 2 * ((row + i) * side + column + j);
        const weight = down[i]! * across[j]!;
        right += weight * displacements[at]!;
        below += weight * displacements[at + 1]!;
      }
    }
    return [x + right, y + below];
  };
}

/** A random rotation, shear, scale and translation from the unit square to pixel coordinates. */
function placement(stream: RandomStream): Warp {
  const height = 19.5 + 3 * bell(stream);
  const width = height * (0.9 + 0.2 * bell(stream));
  const shear = 0.08 + 0.5 * bell(stream);
  // A rotation by θ from τ = tan(θ/2), without trigonometric functions: their last digits differ between engines.
  const tau = 0.45 * bell(stream);
  const [cosine, sine] = [(1 - tau * tau) / (1 + tau * tau), (2 * tau) / (1 + tau * tau)];
  const [right, down] = [imageSide / 2 + 3 * bell(stream), imageSide / 2 + 3 * bell(stream)];
  return ([x, y]) => {
    const v = height * (y - 0.5);
    const u = width * (x - 0.5) - shear * v;
    return [right + cosine * u - sine * v, down + sine * u + cosine * v];
  };
}

/** A handwritten variant of the skeleton: one polyline a stroke, in pixel coordinates. */
export function deform(skeleton: Skeleton, stream: RandomStream): Point[][] {
  const warps = [proportions(stream), elastic(stream, 1, 0.15), elastic(stream, 3, 0.1), placement(stream)];
  return skeleton.map((stroke) => smooth(stroke).map((vertex) => warps.reduce((point, warp) => warp(point), vertex)));
}
