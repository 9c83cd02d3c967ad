import { z } from "zod";
import { type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { normRatio } from "./norm-ratio.js";
import { plainGradient } from "./sgd.js";
import { defineOptimizer, type Invariant } from "./update-rule.js";

interface Options {
  readonly minimumNorm: number;
  readonly zeroRule: "stay" | "one";
}

/** (‖w‖₂/‖g‖₂)·g, with the guards. */
function turned<V, S>(algebra: RuleAlgebra<V, S>, { minimumNorm, zeroRule }: Options, weights: V, gradient: V): V {
  const { scalar, ifLess } = algebra;
  const [weightNorm, gradientNorm] = [algebra.norm(weights, 2), algebra.norm(gradient, 2)];
  const floored = (norm: S) =>
    minimumNorm === 0 ? norm : ifLess(norm, scalar(minimumNorm), scalar(minimumNorm), norm);
  // NaN compares false and so stays visible.
  const vanishing = scalar(smallestNormal[algebra.precision]);
  const whereZero = (atZero: S, otherwise: S) =>
    ifLess(floored(weightNorm), vanishing, atZero, ifLess(floored(gradientNorm), vanishing, atZero, otherwise));
  const length = whereZero(scalar(zeroRule === "one" ? 1 : 0), floored(weightNorm));
  return algebra.scale(length, algebra.divideBy(gradient, whereZero(scalar(1), floored(gradientNorm))));
}

/** ‖w'‖/‖w‖ ∈ [1 − λ, 1 + λ]/√(1 + λ²) */
const normChange: Invariant = {
  statement: "‖w + Δw‖₂/‖w‖₂ ∈ [1 − λ, 1 + λ]/√(1 + λ²)",
  measure: (algebra, { weights, next }) => algebra.over(algebra.norm(next, 2), algebra.norm(weights, 2)),
  range: (rate) => [(1 - rate) / Math.hypot(1, rate), (1 + rate) / Math.hypot(1, rate)],
};

/**
 * Fromage: the step of LARS, and then the weights are shrunk, so that steps at right angles to the weights keep their
 * norm.
 *
 * Promised: ‖w'‖/‖w‖ ∈ [1 − λ, 1 + λ]/√(1 + λ²). *Proof.* w' = (w − d)/√(1 + λ²) with ‖d‖ = λ‖w‖ (or 0), so that
 * ‖w‖ − λ‖w‖ ≤ ‖w − d‖ ≤ ‖w‖ + λ‖w‖. Where ⟨w, d⟩ = 0, ‖w − d‖² = (1 + λ²)‖w‖² and ‖w'‖ = ‖w‖. ∎
 */
export const fromage = defineOptimizer({
  name: "fromage",
  summary: "proportional updates in the L2 norm that shrink the weights after each step (Fromage)",
  formula: "Δw = (w − λ·(‖w‖₂/‖g‖₂)·g)/√(1 + λ²) − w",
  source: "Bernstein, Vahdat, Yue & Liu, arXiv:2002.03432, algorithm 1",
  version: 1,
  schema: z.strictObject({
    name: z.literal("fromage"),
    minimumNorm: z
      .number()
      .nonnegative()
      .default(0)
      .describe("norms of weights and gradients below it count as this (optax: 1e-6)"),
    zeroRule: z
      .enum(["stay", "one"])
      .default("stay")
      .describe("the ratio ‖w‖/‖g‖ where either is 0: 0, or 1 (the authors' code, optax)"),
  }),
  conventions: {
    paper: { source: "arXiv:2002.03432, algorithm 1", options: {} },
    authors: { source: "the authors' code, at norms of 0", options: { zeroRule: "one" } },
    optax: { source: "optax.fromage", options: { minimumNorm: 1e-6, zeroRule: "one" } },
  },
  variants: [{ minimumNorm: 2 }, { zeroRule: "one" }],
  create: (options) => ({
    equationOne: { holds: false, reason: "fromage shrinks the weights after its step, so it is not equation (1)" },
    promises: {
      scaleInvariant: options.minimumNorm === 0,
      ...(options.minimumNorm === 0 && { invariants: [normChange], form: { shrunk: true } }),
    },
    unscaled: plainGradient,
    ...normRatio(2),

    update(algebra, { weights, gradient, learningRate: rate, state }) {
      const stretch = Math.hypot(1, rate);
      const step = algebra.scale(algebra.scalar(-rate / stretch), turned(algebra, options, weights, gradient));
      // 1/√(1 + λ²) − 1 without the digits that cancel.
      const shrinkage = -(rate * rate) / (stretch * (1 + stretch));
      return { update: algebra.addScaled(step, algebra.scalar(shrinkage), weights), state };
    },
  }),
});
