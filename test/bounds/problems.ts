import type { TestProblem, Vector } from "./simulate.js";
import { difference, dot, scaled } from "./simulate.js";

/** f(w) = ½(w − w*)ᵀH(w − w*) + f*, H = QᵀΛQ with Q a product of the given Householder reflections. */
export function quadratic(options: {
  readonly spectrum: Vector;
  readonly start: Vector;
  readonly optimum?: Vector;
  readonly reflections?: readonly Vector[];
  readonly optimalValue?: number;
  readonly layers?: readonly number[];
}): TestProblem {
  const { spectrum, start, reflections = [], optimalValue = 0, layers = [start.length] } = options;
  const optimum = options.optimum ?? start.map(() => 0);
  const reflect = (a: Vector, v: Vector): Vector => {
    const factor = (2 * dot(v, a)) / dot(v, v);
    return a.map((x, i) => x - factor * v[i]!);
  };
  const multiply = (a: Vector): Vector => {
    const turned = reflections.reduce(reflect, a).map((x, i) => spectrum[i]! * x);
    return [...reflections].reverse().reduce(reflect, turned);
  };
  return {
    layers,
    start,
    optimum,
    value(w) {
      const offset = difference(w, optimum);
      return 0.5 * dot(offset, multiply(offset)) + optimalValue;
    },
    gradient: (w) => multiply(difference(w, optimum)),
    constants: {
      convex: true,
      quadratic: true,
      smoothness: Math.max(...spectrum),
      strongConvexity: Math.min(...spectrum),
      optimalValue,
    },
  };
}

/** f(w) = Σ_i a_i|w_i − w*_i|: convex, with kinks; G = ‖a‖₂. */
export function absoluteValues(slopes: Vector, start: Vector, optimum: Vector): TestProblem {
  return {
    layers: [start.length],
    start,
    optimum,
    value: (w) => w.reduce((sum, x, i) => sum + slopes[i]! * Math.abs(x - optimum[i]!), 0),
    gradient: (w) => w.map((x, i) => slopes[i]! * Math.sign(x - optimum[i]!)),
    constants: { convex: true, gradientBound: Math.hypot(...slopes), optimalValue: 0 },
  };
}

/** f(w) = max_i a_iᵀ(w − w*), the a_i and their opposites: convex, with kinks; G = max ‖a_i‖₂. */
export function polyhedron(rows: readonly Vector[], start: Vector, optimum: Vector): TestProblem {
  const steepest = (w: Vector): Vector => {
    const offset = difference(w, optimum);
    const products = rows.map((row) => dot(row, offset));
    const largest = products.reduce((best, x, i) => (Math.abs(x) > Math.abs(products[best]!) ? i : best), 0);
    return scaled(Math.sign(products[largest]!), rows[largest]!);
  };
  return {
    layers: [start.length],
    start,
    optimum,
    value: (w) => dot(steepest(w), difference(w, optimum)),
    gradient: steepest,
    constants: {
      convex: true,
      gradientBound: Math.max(...rows.map((row) => Math.hypot(...row))),
      optimalValue: 0,
    },
  };
}

/** log(cosh(x)), to full relative precision and without overflow */
function logCosh(x: number): number {
  const size = Math.abs(x);
  return size < 1 ? Math.log1p(2 * Math.sinh(x / 2) ** 2) : size + Math.log1p(Math.exp(-2 * size)) - Math.LN2;
}

/**
 * f(u, v) = Σ_i log(cosh(a_i·u + b_i·v − c_i)) + ε Σ cos: smooth, not convex, two layers.
 * L = Σ_i(‖a_i‖² + ‖b_i‖²) + |bumps|, as log cosh has second derivatives in [0, 1] and the cosines ones in [−1, 1].
 */
export function twoLayers(rows: readonly Vector[], targets: Vector, bumps: number, start: Vector): TestProblem {
  const split = Math.ceil(start.length / 2);
  return {
    layers: [split, start.length - split],
    start,
    value: (w) =>
      rows.reduce((sum, row, i) => sum + logCosh(dot(row, w) - targets[i]!), 0) +
      w.reduce((sum, x) => sum + bumps * Math.cos(x), 0),
    gradient: (w) =>
      w.map(
        (x, j) =>
          rows.reduce((sum, row, i) => sum + row[j]! * Math.tanh(dot(row, w) - targets[i]!), 0) - bumps * Math.sin(x),
      ),
    constants: {
      convex: false,
      smoothness: rows.reduce((sum, row) => sum + dot(row, row), 0) + Math.abs(bumps),
      infimum: -Math.abs(bumps) * start.length,
    },
  };
}

/** f(w) = ½wᵀdiag(spectrum)w/‖w‖²: the length of w does not matter. */
export function quotient(spectrum: Vector, start: Vector): TestProblem {
  const value = (w: Vector) => {
    const squared = dot(w, w);
    return w.reduce((sum, x, i) => sum + (spectrum[i]! * x * x) / squared, 0) / 2;
  };
  return {
    layers: [start.length],
    start,
    value,
    gradient(w) {
      const squared = dot(w, w);
      const g = w.map((x, i) => ((spectrum[i]! - 2 * value(w)) * x) / squared);
      // What rounding leaves along w, or nothing but rounding.
      const across = difference(g, scaled(dot(w, g) / squared, w));
      const noise = (Math.max(...spectrum) * 2 ** -46) / Math.sqrt(squared);
      return Math.hypot(...across) < noise ? w.map(() => 0) : across;
    },
    constants: { convex: false, scaleInvariant: true, optimalValue: Math.min(...spectrum) / 2 },
  };
}

/** One of several convex functions of one variable with the only minimiser w*. */
export function line(
  kind: "square" | "absolute" | "logCosh" | "lopsided",
  start: number,
  optimum: number,
): TestProblem {
  const functions = {
    square: { value: (x: number) => (x * x) / 2, slope: (x: number) => x, gradientBound: undefined },
    absolute: { value: (x: number) => Math.abs(x), slope: (x: number) => Math.sign(x), gradientBound: 1 },
    logCosh: { value: (x: number) => logCosh(x), slope: (x: number) => Math.tanh(x), gradientBound: 1 },
    lopsided: {
      value: (x: number) => (x > 0 ? 5 * x : -x / 2),
      slope: (x: number) => (x > 0 ? 5 : x < 0 ? -0.5 : 0),
      gradientBound: 5,
    },
  };
  const { value, slope, gradientBound } = functions[kind];
  return {
    layers: [1],
    start: [start],
    optimum: [optimum],
    value: ([w]) => value(w! - optimum),
    gradient: ([w]) => [slope(w! - optimum)],
    constants: {
      convex: true,
      optimalValue: 0,
      ...(gradientBound !== undefined && { gradientBound }),
      ...(kind === "square" && { smoothness: 1, strongConvexity: 1, quadratic: true }),
    },
  };
}
