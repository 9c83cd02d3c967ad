import type { RuleAlgebra } from "../compute/algebra.js";

/** f and ∂f/∂x, ∂f/∂y at some points at once, entry by entry. */
export interface ValueAndSlopes<V> {
  readonly value: V;
  readonly slopes: readonly [V, V];
}

/** A function of x and y that optimizers are tried on. */
export interface TwoDimensionalFunction {
  at<V, S>(algebra: RuleAlgebra<V, S>, x: V, y: V): ValueAndSlopes<V>;
  /** f at the minimisers. */
  readonly minimum: number;
  readonly minimisers: readonly (readonly [x: number, y: number])[];
  /** Where DeepOBS begins (Schneider, Balles and Hennig, arXiv:1903.05499). */
  readonly start: readonly [x: number, y: number];
}

/** Entry by entry, with host numbers as factors. */
function arithmeticIn<V, S>({ scalar, scale, add, subtract, multiply, shift, cosine }: RuleAlgebra<V, S>) {
  const times = (c: number, a: V) => scale(scalar(c), a);
  const sum = (...terms: readonly V[]) => terms.reduce((a, b) => add(a, b));
  return { times, sum, subtract, multiply, shift, cosine, square: (a: V) => multiply(a, a) };
}

/** (1 − x)² + 100(y − x²)²: a valley along a parabola (Rosenbrock, 1960). */
const rosenbrock: TwoDimensionalFunction = {
  at(algebra, x, y) {
    const { times, sum, subtract, multiply, shift, square } = arithmeticIn(algebra);
    const along = shift(times(-1, x), 1);
    const across = subtract(y, square(x));
    return {
      value: sum(square(along), times(100, square(across))),
      slopes: [sum(times(-2, along), times(-400, multiply(x, across))), times(200, across)],
    };
  },
  minimum: 0,
  minimisers: [[1, 1]],
  start: [-0.5, 1.5],
};

/** (1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²: flat, with steep walls (Beale, 1958). */
const beale: TwoDimensionalFunction = {
  at(algebra, x, y) {
    const { times, sum, multiply, shift, square } = arithmeticIn(algebra);
    const [y2, y3] = [square(y), multiply(square(y), y)];
    const terms = [
      { constant: 1.5, power: y, slope: shift(times(0, y), 1) },
      { constant: 2.25, power: y2, slope: times(2, y) },
      { constant: 2.625, power: y3, slope: times(3, y2) },
    ].map(({ constant, power, slope }) => {
      const lessOne = shift(power, -1);
      const residual = shift(multiply(x, lessOne), constant);
      return {
        value: square(residual),
        byX: times(2, multiply(residual, lessOne)),
        byY: times(2, multiply(residual, multiply(x, slope))),
      };
    });
    return {
      value: sum(...terms.map((term) => term.value)),
      slopes: [sum(...terms.map((term) => term.byX)), sum(...terms.map((term) => term.byY))],
    };
  },
  minimum: 0,
  minimisers: [[3, 0.5]],
  start: [-4.5, 4.5],
};

/**
 * (y − bx² + cx − 6)² + 10(1 − t)cos x + 10 with b = 5.1/4π², c = 5/π, t = 1/8π: three minima of the same value, where
 * cos x = −1 and the square vanishes (Branin, 1972; Dixon and Szegő, 1978).
 */
const branin: TwoDimensionalFunction = {
  at(algebra, x, y) {
    const { times, sum, multiply, shift, cosine, square } = arithmeticIn(algebra);
    const [b, c, amplitude] = [5.1 / (4 * Math.PI ** 2), 5 / Math.PI, 10 * (1 - 1 / (8 * Math.PI))];
    const across = shift(sum(y, times(-b, square(x)), times(c, x)), -6);
    // sin x = cos(x − π/2)
    const sine = cosine(shift(x, -Math.PI / 2));
    return {
      value: shift(sum(square(across), times(amplitude, cosine(x))), 10),
      slopes: [sum(times(2, multiply(across, shift(times(-2 * b, x), c))), times(-amplitude, sine)), times(2, across)],
    };
  },
  minimum: 10 / (8 * Math.PI),
  minimisers: [-1, 1, 3].map((k) => [k * Math.PI, (5.1 / 4) * k ** 2 - 5 * k + 6] as const),
  start: [2.5, 12.5],
};

export const twoDimensionalFunctions = { rosenbrock, beale, branin } as const;

export type TwoDimensionalFunctionName = keyof typeof twoDimensionalFunctions;
