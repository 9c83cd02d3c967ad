import { z } from "zod";
import { weightsSum } from "./moments.js";
import {
  hasDefaultCoefficients,
  largestSingularValue,
  matrixShape,
  newtonSchulzFields,
  orthogonalised,
} from "./newton-schulz.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { defineOptimizer, type Invariant } from "./update-rule.js";

/** What the orthogonalised matrix is multiplied by, from the shape of the layer. */
const scales: Readonly<Record<"width" | "root-mean-square" | "none", (rows: number, columns: number) => number>> = {
  width: (rows, columns) => Math.sqrt(Math.max(1, columns / rows)),
  "root-mean-square": (rows, columns) => 0.2 * Math.sqrt(Math.max(rows, columns)),
  none: () => 1,
};
type Scale = keyof typeof scales;

/** ‖Δw‖_F ≤ λ·1.2025·√min(rows, columns)·scale */
const bounded = (scale: Scale): Invariant => ({
  statement: `‖Δw‖₂ ≤ λ·${largestSingularValue}·√min(m, n)·scale of an m × n layer`,
  measure(algebra, { update, shape }) {
    const { rows, columns } = matrixShape(shape);
    const longest = largestSingularValue * Math.sqrt(Math.min(rows, columns)) * scales[scale](rows, columns);
    return algebra.over(algebra.norm(update, 2), algebra.scalar(longest));
  },
  range: (rate) => [0, rate],
});

/**
 * Muon: momentum whose singular values are brought near to 1 by the Newton–Schulz iteration. A layer is a matrix, its
 * last axis the neurons; one of a single axis, or a neuron on its own, is a matrix of one column, so that its momentum is
 * brought to a length near 1. Whoever uses Muon leaves such layers to another rule.
 *
 * Promised with the default coefficients and no weight decay: ‖Δw‖₂ ≤ λ·1.2025·√min(m, n)·scale, in the Frobenius norm.
 * *Proof.* The matrix starts with singular values in [0, 1], and p maps [0, 1.2025] into itself; the norm is the root of
 * the sum of at most min(m, n) of their squares. ∎
 */
export const muon = defineOptimizer({
  name: "muon",
  summary: "momentum with its singular values brought near to 1 by Newton–Schulz iteration (Muon)",
  formula: "m ← μm + (1 − μ)g;  Δw = −λ·(scale·NS(m) + βw), NS: X ← X·(a + b·XᵀX + c·(XᵀX)²) from X = m/(‖m‖₂ + ε)",
  source: "Jordan et al., github.com/KellerJordan/Muon; optax.contrib.muon",
  version: 2,
  schema: z.strictObject({
    name: z.literal("muon"),
    momentum: z.number().nonnegative().lt(1).default(0.95).describe("μ of m"),
    nesterov: z.boolean().default(true).describe("look ahead: μ·m + (1 − μ)·g is orthogonalised in place of m"),
    averaging: z
      .boolean()
      .default(true)
      .describe("whether m is an average, μm + (1 − μ)g; false: the sum μm + g (Keras), which ε alone tells apart"),
    biasCorrection: z
      .boolean()
      .default(false)
      .describe("whether averages are divided by 1 − μᵏ⁺¹, the one that looks ahead by 1 − μᵏ⁺² (optax)"),
    ...newtonSchulzFields,
    epsilon: z.number().nonnegative().default(1e-7).describe("ε: added to the norm that m is divided by"),
    scale: z
      .enum(["width", "root-mean-square", "none"])
      .default("width")
      .describe("√max(1, columns/rows), 0.2·√max(rows, columns) (arXiv:2502.16982, Keras), or 1"),
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the step before λ"),
  }),
  conventions: {
    authors: { source: "github.com/KellerJordan/Muon", options: {} },
    optax: {
      source: "optax.contrib.muon, for matrices",
      options: { biasCorrection: true, epsilon: 1e-8 },
    },
    keras: {
      source: "keras.optimizers.Muon, for matrices",
      options: { averaging: false, scale: "root-mean-square" },
    },
  },
  variants: [
    { momentum: 0.5, nesterov: false, biasCorrection: true },
    { averaging: false, scale: "root-mean-square" },
    { epsilon: 0, scale: "none", iterations: 2 },
    { coefficients: [1.5, -0.5, 0], iterations: 3 },
    { weightDecay: 0.1 },
  ],
  create: (options) => ({
    equationOne: { holds: false, reason: "muon orthogonalises its momentum, so it is not equation (1)" },
    promises: {
      scaleInvariant: options.epsilon === 0,
      ...(options.weightDecay === 0 && hasDefaultCoefficients(options) && { invariants: [bounded(options.scale)] }),
    },
    unscaled: unscaledGradient(options),
    ...normRatio(2),
    initialState: (algebra, weights) => ({ momentum: algebra.zerosLike(weights) }),

    update(algebra, { weights, gradient, learningRate, step, shape, state }) {
      const { scalar, scale, addScaled } = algebra;
      const { momentum: mu, averaging, biasCorrection, nesterov } = options;
      const share = scale(scalar(averaging ? 1 - mu : 1), gradient);
      const momentum = addScaled(share, scalar(mu), state.momentum as typeof weights);
      const corrected = (a: typeof weights, steps: number) =>
        biasCorrection ? algebra.divideBy(a, scalar(weightsSum(mu, steps))) : a;
      const ahead = nesterov
        ? addScaled(corrected(share, step), scalar(mu), corrected(momentum, step + 1))
        : corrected(momentum, step);
      const direction = orthogonalised(algebra, options, ahead, shape, options.epsilon);
      const { rows, columns } = matrixShape(shape);
      const update = scale(scalar(-learningRate * scales[options.scale](rows, columns)), direction);
      const decay = scalar(-learningRate * options.weightDecay);
      return { update: options.weightDecay === 0 ? update : addScaled(update, decay, weights), state: { momentum } };
    },
  }),
});
