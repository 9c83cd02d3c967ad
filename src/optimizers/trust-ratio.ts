import { type Norm, type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import type { RuleInput } from "./update-rule.js";

/** What guards a trust ratio, and what it is made of. */
export interface TrustRatioOptions {
  /** c: multiplies the ratio. */
  readonly trustCoefficient: number;
  /** Added to the denominator. */
  readonly epsilon: number;
  /** Where ‖w‖ is below it the ratio is 1. */
  readonly threshold: number;
  /** The scaled ratio where a norm is 0: 0, c, or 1 ("gradient": without weight decay). */
  readonly zeroRule: "stay" | "coefficient" | "one" | "gradient";
  /** Whether c·ratio is at most 1/λ. */
  readonly clip: boolean;
  readonly weightDecay: number;
  /** The denominator: ‖g‖ + β‖w‖, ‖g + βw‖ or ‖g‖. */
  readonly weightDecayNorm: "separate" | "combined" | "none";
}

/**
 * The trust ratio in two parts. A direction is divided by the one and then multiplied by the other, since their quotient
 * may be no float32 number although the step is: ‖w‖/‖g‖ = 10²⁵/10⁻²⁵.
 */
export interface TrustRatio<S> {
  /** c·‖w‖ */
  readonly length: S;
  readonly denominator: S;
}

/** A ratio that is no larger than `most`; NaN compares false and stays. */
export function atMost<V, S>(
  algebra: RuleAlgebra<V, S>,
  { length, denominator }: TrustRatio<S>,
  most: number,
): TrustRatio<S> {
  const limit = algebra.scalar(most);
  const whereAbove = (above: S, otherwise: S) =>
    algebra.ifLess(algebra.times(limit, denominator), length, above, otherwise);
  return { length: whereAbove(limit, length), denominator: whereAbove(algebra.scalar(1), denominator) };
}

/** The denominator of the trust ratio, before epsilon. */
function denominatorOf<V, S>(
  algebra: RuleAlgebra<V, S>,
  { weightDecay, weightDecayNorm }: TrustRatioOptions,
  norm: Norm,
  { weights, gradient }: Pick<RuleInput<V, S>, "weights" | "gradient">,
): S {
  const decay = algebra.scalar(weightDecay);
  if (weightDecay === 0 || weightDecayNorm === "none") return algebra.norm(gradient, norm);
  return weightDecayNorm === "separate"
    ? algebra.plus(algebra.norm(gradient, norm), algebra.times(decay, algebra.norm(weights, norm)))
    : algebra.norm(algebra.addScaled(gradient, decay, weights), norm);
}

/** `atZero` where one of two norms is 0, else the last argument. */
function whereZero<V, S>(algebra: RuleAlgebra<V, S>, first: S, second: S, atZero: S, otherwise: S): S {
  const vanishing = algebra.scalar(smallestNormal[algebra.precision]);
  // NaN compares false: in this order a diverged norm stays visible in place of passing for zero.
  const unlessSecond = algebra.ifLess(second, vanishing, atZero, otherwise);
  return algebra.ifLess(first, vanishing, atZero, unlessSecond);
}

/** At most 1/λ, as λ·ratio at most 1: λ may be so small that 1/λ is no float32 number. */
function clipped<V, S>(algebra: RuleAlgebra<V, S>, ratio: TrustRatio<S>, learningRate: number): TrustRatio<S> {
  return atMost(algebra, { ...ratio, length: algebra.over(ratio.length, algebra.scalar(learningRate)) }, 1);
}

/** c·‖w‖/denominator, with the guards: what the gradient is scaled by besides λ_k. */
export function trustRatio<V, S>(
  algebra: RuleAlgebra<V, S>,
  options: TrustRatioOptions,
  norm: Norm,
  input: Pick<RuleInput<V, S>, "weights" | "gradient" | "learningRate">,
): TrustRatio<S> {
  const { epsilon, threshold, trustCoefficient, zeroRule, clip } = options;
  const coefficient = algebra.scalar(trustCoefficient);
  const one = algebra.scalar(1);

  const weightNorm = algebra.norm(input.weights, norm);
  const denominator = denominatorOf(algebra, options, norm, input);
  const guarded = epsilon === 0 ? denominator : algebra.plus(denominator, algebra.scalar(epsilon));
  // Others with a zero rule look at the gradient itself, though β‖w‖ alone could be divided by.
  const looksAtGradient = (zeroRule === "one" || zeroRule === "gradient") && options.weightDecayNorm === "separate";
  const dividing = looksAtGradient ? algebra.norm(input.gradient, norm) : denominator;
  const atZero = algebra.scalar(zeroRule === "stay" ? 0 : zeroRule === "coefficient" ? trustCoefficient : 1);

  let ratio: TrustRatio<S> = { length: algebra.times(coefficient, weightNorm), denominator: guarded };
  // With "gradient" a layer without a ratio is left alone by the clip too.
  if (clip && zeroRule === "gradient") ratio = clipped(algebra, ratio, input.learningRate);
  ratio = {
    length: whereZero(algebra, weightNorm, dividing, atZero, ratio.length),
    denominator: whereZero(algebra, weightNorm, dividing, one, ratio.denominator),
  };
  if (clip && zeroRule !== "gradient") ratio = clipped(algebra, ratio, input.learningRate);
  if (threshold === 0) return ratio;
  const small = algebra.scalar(threshold);
  return {
    length: algebra.ifLess(weightNorm, small, coefficient, ratio.length),
    denominator: algebra.ifLess(weightNorm, small, one, ratio.denominator),
  };
}

/** β, or 0 where ‖w‖ or ‖g‖ is 0 and the zero rule leaves the gradient as it is. */
export function decayWhereScaled<V, S>(
  algebra: RuleAlgebra<V, S>,
  { weightDecay, zeroRule }: TrustRatioOptions,
  norm: Norm,
  { weights, gradient }: Pick<RuleInput<V, S>, "weights" | "gradient">,
): S {
  const decay = algebra.scalar(weightDecay);
  if (zeroRule !== "gradient") return decay;
  const [zero, vanishing] = [algebra.scalar(0), algebra.scalar(smallestNormal[algebra.precision])];
  const whereZero = (a: V, otherwise: S) => algebra.ifLess(algebra.norm(a, norm), vanishing, zero, otherwise);
  return whereZero(weights, whereZero(gradient, decay));
}

/** Eq. (1)'s ratio ‖w‖/‖u‖ for a direction u that is not the gradient. */
const plain = {
  trustCoefficient: 1,
  epsilon: 0,
  threshold: 0,
  clip: false,
  weightDecay: 0,
  weightDecayNorm: "none",
} as const;

/**
 * (‖w‖₂/‖u‖₂)·u: a direction at the length of the weights.
 *
 * @param zeroRule where ‖w‖ or ‖u‖ is 0: 0, or u itself
 * @param clip whether the ratio is at most 1
 */
export function atWeightsLength<V, S>(
  algebra: RuleAlgebra<V, S>,
  weights: V,
  direction: V,
  { zeroRule, clip = false }: { readonly zeroRule: "stay" | "one"; readonly clip?: boolean },
): V {
  const input = { weights, gradient: direction, learningRate: 1 };
  const { length, denominator } = trustRatio(algebra, { ...plain, zeroRule, clip }, 2, input);
  return algebra.scaleByQuotient(length, denominator, direction);
}
