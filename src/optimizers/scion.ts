import { z } from "zod";
import { type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { movingAverage } from "./moments.js";
import {
  hasDefaultCoefficients,
  largestSingularValue,
  matrixShape,
  type NewtonSchulzOptions,
  newtonSchulzFields,
  orthogonalised,
} from "./newton-schulz.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { defineOptimizer, type Invariant } from "./update-rule.js";

/** The ball that steps lead into, by its norm: where its points lie farthest along a vector, and what they measure. */
interface Ball {
  /** The point of the unit ball that lies farthest along m. */
  farthest<V, S>(algebra: RuleAlgebra<V, S>, options: NewtonSchulzOptions, m: V, shape: readonly number[]): V;
  /** The p of the vector norm that points are measured in, and the largest it can be, for a ball of radius 1. */
  readonly norm: 2 | "infinity";
  largest(rows: number, columns: number): number;
}

function unit<V, S>(algebra: RuleAlgebra<V, S>, m: V): V {
  const size = algebra.norm(m, 2);
  const vanishing = algebra.scalar(smallestNormal[algebra.precision]);
  return algebra.divideBy(m, algebra.ifLess(size, vanishing, algebra.scalar(1), size));
}

const balls: Readonly<Record<"spectral" | "euclidean" | "largest-entry", Ball>> = {
  spectral: {
    farthest: orthogonalised,
    norm: 2,
    largest: (rows, columns) => largestSingularValue * Math.sqrt(Math.min(rows, columns)),
  },
  euclidean: { farthest: (algebra, _, m) => unit(algebra, m), norm: 2, largest: () => 1 },
  "largest-entry": { farthest: (algebra, _, m) => signOf(algebra, m), norm: "infinity", largest: () => 1 },
};

/** sign(m), but NaN where m is not finite. */
const signOf = <V, S>(algebra: RuleAlgebra<V, S>, m: V): V => algebra.add(algebra.sign(m), algebra.subtract(m, m));

/** ‖w'‖ ≤ max(‖w‖, ρ·largest), in the ball's norm */
const staysInBall = ({ norm, largest }: Ball, radius: number): Invariant => ({
  statement: "‖w + Δw‖ ≤ max(‖w‖, ρ) in the norm of the ball",
  measure(algebra, { weights, next, shape }) {
    const { rows, columns } = matrixShape(shape);
    const limit = algebra.scalar(radius * largest(rows, columns));
    const before = algebra.norm(weights, norm);
    return algebra.over(algebra.norm(next, norm), algebra.ifLess(before, limit, limit, before));
  },
  range: () => [0, 1],
});

/**
 * Scion: steps toward the point of a ball that lies farthest down the momentum (a conditional gradient method), so that
 * the weights stay in the ball.
 *
 * Promised for λ ≤ 1: ‖w'‖ ≤ max(‖w‖, ρ) in the norm of the ball. *Proof.* w' = (1 − λ)w + λρd with ‖d‖ ≤ 1, and norms
 * are convex. ∎ In the spectral norm d comes from the Newton–Schulz iteration, whose singular values reach 1.2025, and
 * the Frobenius norm is measured in its place: the radius is then ρ·1.2025·√min(m, n) of an m × n layer.
 */
export const scion = defineOptimizer({
  name: "scion",
  summary: "steps toward the point of a ball that lies farthest down the momentum (constrained Scion)",
  formula: "m ← (1 − α)m + αg;  Δw = −λ·(w + ρ·d), d the point of the unit ball that lies farthest along m",
  source: "Pethick et al., arXiv:2502.07529, algorithm 2",
  version: 1,
  schema: z.strictObject({
    name: z.literal("scion"),
    averaging: z.number().positive().lte(1).default(0.1).describe("α of m: the share of the new gradient"),
    radius: z.number().positive().default(1).describe("ρ: radius of the ball"),
    ball: z
      .enum(["spectral", "euclidean", "largest-entry"])
      .default("spectral")
      .describe("the ball's norm: the spectral norm of a layer as a matrix, ‖w‖₂, or ‖w‖∞"),
    ...newtonSchulzFields,
  }),
  variants: [
    { averaging: 1, ball: "euclidean" },
    { radius: 0.5, ball: "largest-entry" },
    { coefficients: [1.5, -0.5, 0], iterations: 10 },
  ],
  create(options) {
    const { averaging, radius } = options;
    const ball = balls[options.ball];
    return {
      equationOne: { holds: false, reason: "scion steps toward the border of a ball, so it is not equation (1)" },
      promises: {
        scaleInvariant: true,
        ...((options.ball !== "spectral" || hasDefaultCoefficients(options)) && {
          invariants: [staysInBall(ball, radius)],
        }),
      },
      unscaled: unscaledGradient({ momentum: 1 - averaging, nesterov: false }),
      ...normRatio(2),
      initialState: (algebra, weights) => ({ momentum: algebra.zerosLike(weights) }),

      update(algebra, { weights, gradient, learningRate, shape, state }) {
        const momentum = movingAverage(algebra, 1 - averaging, state.momentum as typeof weights, gradient);
        const farthest = ball.farthest(algebra, options, momentum, shape);
        const toward = algebra.addScaled(weights, algebra.scalar(radius), farthest);
        return { update: algebra.scale(algebra.scalar(-learningRate), toward), state: { momentum } };
      },
    };
  },
});
