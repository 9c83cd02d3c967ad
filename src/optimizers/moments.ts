import { z } from "zod";
import { power } from "../base/power.js";
import { type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import type { RuleInput, RuleState } from "./update-rule.js";

/** The options of Adam's moments. */
export const momentFields = {
  beta1: z.number().nonnegative().lt(1).default(0.9).describe("β₁ of m ← β₁m + (1 − β₁)g, the average gradient"),
  beta2: z.number().nonnegative().lt(1).default(0.999).describe("β₂ of v ← β₂v + (1 − β₂)g², the average square"),
  biasCorrection: z
    .boolean()
    .default(true)
    .describe("whether m̂ = m/(1 − β₁ᵏ⁺¹) and v̂ = v/(1 − β₂ᵏ⁺¹) stand for m and v, which start at 0"),
};

export interface MomentOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly biasCorrection: boolean;
}

/** m̂ and v̂ of a step, and the state after it. */
export interface Moments<V, S> {
  /** m̂, the average gradient */
  readonly mean: V;
  /** v̂, the average of the squared gradient, entry by entry */
  readonly meanSquare: V;
  readonly state: RuleState<V, S>;
}

/** β·before + (1 − β)·now: older values count less and less. */
export const movingAverage = <V, S>(algebra: RuleAlgebra<V, S>, beta: number, before: V, now: V): V =>
  algebra.addScaled(algebra.scale(algebra.scalar(1 - beta), now), algebra.scalar(beta), before);

/** What makes up for a start at 0 after k + 1 values: 1 − βᵏ⁺¹, the sum of their weights in the average. */
export const weightsSum = (beta: number, step: number): number => 1 - power(beta, step + 1);

/** m = v = 0 before the first step. */
export const initialMoments = <V, S>(algebra: RuleAlgebra<V, S>, weights: V): RuleState<V, S> => ({
  mean: algebra.zerosLike(weights),
  meanSquare: algebra.zerosLike(weights),
});

/**
 * Adam's moments of a gradient (Kingma & Ba, arXiv:1412.6980, algorithm 1).
 *
 * @param gradient the input's, or what the rule has made of it
 */
export function momentsOf<V, S>(
  algebra: RuleAlgebra<V, S>,
  { beta1, beta2, biasCorrection }: MomentOptions,
  { state, step }: Pick<RuleInput<V, S>, "state" | "step">,
  gradient: V,
): Moments<V, S> {
  const mean = movingAverage(algebra, beta1, state.mean as V, gradient);
  const meanSquare = movingAverage(algebra, beta2, state.meanSquare as V, algebra.multiply(gradient, gradient));
  const corrected = (average: V, beta: number) =>
    biasCorrection ? algebra.divideBy(average, algebra.scalar(weightsSum(beta, step))) : average;
  return { mean: corrected(mean, beta1), meanSquare: corrected(meanSquare, beta2), state: { mean, meanSquare } };
}

/** a/b, and 0 where b has vanished: what has always been 0 has no size to be measured by. NaN stays visible. */
export function quotientOrZero<V, S>(algebra: RuleAlgebra<V, S>, a: V, b: V): V {
  const zeros = algebra.zerosLike(b);
  const vanishing = algebra.shift(zeros, smallestNormal[algebra.precision]);
  return algebra.ifLessEach(algebra.absolute(b), vanishing, zeros, algebra.divide(a, b));
}

/** a/(√v̂ + ε), entry by entry: Adam's direction where a = m̂; with ε = 0 entries without a gradient so far stay 0. */
export function adapted<V, S>(algebra: RuleAlgebra<V, S>, a: V, meanSquare: V, epsilon: number): V {
  const root = algebra.squareRoot(meanSquare);
  return epsilon === 0 ? quotientOrZero(algebra, a, root) : algebra.divide(a, algebra.shift(root, epsilon));
}
