import { z } from "zod";
import { type Norm, type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { momentumFields, velocityOf } from "./momentum.js";
import { unscaledGradient } from "./sgd.js";
import {
  defineOptimizer,
  type EquationOne,
  type OptimizerDefinition,
  type RuleInput,
  type UpdateRule,
} from "./update-rule.js";

/**
 * The family of equation (1) of arXiv:1801.03137,
 *
 *     Δw = −λ_k · c · (‖w‖_p / ‖g‖_p) · g,
 *
 * with every deviation from it that other implementations make as an explicit option. With the defaults it is
 * equation (1) itself: no momentum, no weight decay, no guard. The implementations that the options name:
 *
 * | | c | ratio guarded by | denominator | momentum |
 * |---|---|---|---|---|
 * | authors' TensorFlow code | 1e-4 | threshold 1e-2, epsilon 1e-9 | separate | outside |
 * | You et al., arXiv:1708.03888, algorithm 1 | η | – | separate | inside |
 * | optax `lars` | 1e-3 | zeroRule one | combined | inside |
 * | tf.contrib 1.15 `LARSOptimizer` | 1e-3 | zeroRule one | separate, weightDecayInGradient false | gradient |
 * | SimCLR `LARSOptimizer`, classic momentum | 1e-3 | zeroRule one | combined | inside |
 * | timm `Lars` | 1e-3 | epsilon 1e-8, zeroRule one | separate | outside |
 * | chainer `GradientLARS` with MomentumSGD | 1 | threshold 1e-2, epsilon 1e-9 | separate | inside |
 */
export const proportionalFields = {
  trustCoefficient: z
    .number()
    .positive()
    .default(1)
    .describe("c: multiplies the trust ratio ‖w‖/‖g‖ (the authors' code: 1e-4, optax: 1e-3)"),
  epsilon: z.number().nonnegative().default(0).describe("added to the denominator of the trust ratio"),
  threshold: z
    .number()
    .nonnegative()
    .default(0)
    .describe("guard: where ‖w‖ is below it the trust ratio is 1, so that Δw = −λ·c·g (the authors' code: 1e-2)"),
  zeroRule: z
    .enum(["stay", "coefficient", "one"])
    .default("stay")
    .describe(
      "the scaled trust ratio where ‖w‖ or the denominator is 0: 0 (eq. (1)), c, or 1 (optax, tf.contrib, SimCLR)",
    ),
  weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the gradient before it is scaled"),
  weightDecayInGradient: z
    .boolean()
    .default(true)
    .describe("whether β·w is added to the gradient; false: β counts in the denominator alone (tf.contrib)"),
  weightDecayNorm: z
    .enum(["separate", "combined", "none"])
    .default("separate")
    .describe(
      "the denominator with weight decay: ‖g‖ + β‖w‖ (You et al., authors' code, tf.contrib, timm, chainer), ‖g + βw‖ (optax, SimCLR), or ‖g‖",
    ),
  ...momentumFields,
  momentumOrder: z
    .enum(["learning-rate-inside", "learning-rate-outside", "gradient"])
    .default("learning-rate-inside")
    .describe(
      "u = trust ratio × (g + βw). Inside: v ← m·v + λu, Δw = −v (You et al., optax, SimCLR, chainer); outside: v ← m·v + u, Δw = −λv (authors' code, timm); gradient: v ← m·v + g + βw, Δw = −λ × trust ratio × v (tf.contrib, without βw)",
    ),
};

const optionsSchema = z.object(proportionalFields);
export type ProportionalOptions = z.output<typeof optionsSchema>;

function equationOne(options: ProportionalOptions, norm: Norm): EquationOne {
  const deviations = [
    options.momentum > 0 && `momentum ${options.momentum}`,
    options.weightDecay > 0 && `weight decay ${options.weightDecay}`,
    options.threshold > 0 && `a threshold guard at ‖w‖ = ${options.threshold}`,
    options.epsilon > 0 && `epsilon ${options.epsilon} in the denominator`,
    options.zeroRule !== "stay" && `zero rule "${options.zeroRule}"`,
  ].filter((deviation) => deviation !== false);
  return deviations.length === 0
    ? { holds: true, norm, coefficient: options.trustCoefficient }
    : { holds: false, reason: `the rule has ${deviations.join(" and ")}, so it is not equation (1)` };
}

/** The trust ratio in two parts: their quotient may be no float32 number although the step is, ‖w‖/‖g‖ = 10²⁵/10⁻²⁵. */
interface TrustRatio<S> {
  /** c·‖w‖ */
  readonly length: S;
  readonly denominator: S;
}

/** c·‖w‖/denominator, with the guards: what the gradient is scaled by besides λ_k. */
function trustRatio<V, S>(
  algebra: RuleAlgebra<V, S>,
  options: ProportionalOptions,
  norm: Norm,
  { weights, gradient }: RuleInput<V, S>,
): TrustRatio<S> {
  const { epsilon, threshold, trustCoefficient, weightDecay, weightDecayNorm, zeroRule } = options;
  const { plus, times, scalar, ifLess } = algebra;
  const coefficient = scalar(trustCoefficient);
  const one = scalar(1);

  const weightNorm = algebra.norm(weights, norm);
  const decay = scalar(weightDecay);
  const denominator =
    weightDecay === 0 || weightDecayNorm === "none"
      ? algebra.norm(gradient, norm)
      : weightDecayNorm === "separate"
        ? plus(algebra.norm(gradient, norm), times(decay, weightNorm))
        : algebra.norm(algebra.addScaled(gradient, decay, weights), norm);

  const guarded = epsilon === 0 ? denominator : plus(denominator, scalar(epsilon));
  // NaN compares false: in this order a diverged norm stays visible in place of passing for zero.
  const vanishing = scalar(smallestNormal[algebra.precision]);
  const whereZero = (atZero: S, otherwise: S) =>
    ifLess(weightNorm, vanishing, atZero, ifLess(denominator, vanishing, atZero, otherwise));
  const atZero = scalar(zeroRule === "stay" ? 0 : zeroRule === "coefficient" ? trustCoefficient : 1);
  const ratio = {
    length: whereZero(atZero, times(coefficient, weightNorm)),
    denominator: whereZero(one, guarded),
  };
  if (threshold === 0) return ratio;
  const whereSmall = (small: S, otherwise: S) => ifLess(weightNorm, scalar(threshold), small, otherwise);
  return { length: whereSmall(coefficient, ratio.length), denominator: whereSmall(one, ratio.denominator) };
}

/** An update rule of the family, in the given norm. */
export function proportionalUpdate(options: ProportionalOptions, norm: Norm): UpdateRule {
  const { momentum, weightDecay, threshold, epsilon, trustCoefficient } = options;
  const isEquationOne = equationOne(options, norm);
  return {
    equationOne: isEquationOne,
    promises: {
      ...((weightDecay === 0 || !options.weightDecayInGradient) && { againstGradient: true }),
      scaleInvariant: weightDecay === 0 && threshold === 0 && epsilon === 0,
      ...(isEquationOne.holds && { proportion: { coefficient: trustCoefficient, is: "exactly" } }),
      ...(momentum === 0 &&
        weightDecay === 0 &&
        threshold === 0 &&
        !isEquationOne.holds && { proportion: { coefficient: trustCoefficient, is: "at most" } }),
    },
    unscaled: unscaledGradient(options),
    norm,
    proportion: (algebra, weights, update) => algebra.over(algebra.norm(update, norm), algebra.norm(weights, norm)),
    ...(options.momentum > 0 && { initialState: (algebra, weights) => ({ velocity: algebra.zerosLike(weights) }) }),

    update(algebra, input) {
      const { weights, gradient, learningRate, state } = input;
      const { length, denominator } = trustRatio(algebra, options, norm, input);
      const rate = algebra.scalar(-learningRate);
      const decayed =
        options.weightDecay === 0 || !options.weightDecayInGradient
          ? gradient
          : algebra.addScaled(gradient, algebra.scalar(options.weightDecay), weights);
      /** factor × trust ratio × a */
      const trusted = (factor: typeof rate, a: typeof gradient) =>
        algebra.scaleByQuotient(algebra.times(factor, length), denominator, a);

      if (options.momentum === 0) return { update: trusted(rate, decayed), state };
      switch (options.momentumOrder) {
        case "learning-rate-inside": {
          const { direction, velocity } = velocityOf(algebra, options, state, trusted(rate, decayed));
          return { update: direction, state: { velocity } };
        }
        case "learning-rate-outside": {
          const { direction, velocity } = velocityOf(algebra, options, state, trusted(algebra.scalar(1), decayed));
          return { update: algebra.scale(rate, direction), state: { velocity } };
        }
        case "gradient": {
          const { direction, velocity } = velocityOf(algebra, options, state, decayed);
          return { update: trusted(rate, direction), state: { velocity } };
        }
      }
    },
  };
}

/** Every option of the family once or more. */
const variants: readonly Partial<ProportionalOptions>[] = [
  { trustCoefficient: 0.5 },
  { momentum: 0.9 },
  { momentum: 0.9, nesterov: true, momentumOrder: "learning-rate-outside" },
  { momentum: 0.9, momentumOrder: "gradient" },
  { momentum: 0.9, momentumOrder: "gradient", weightDecay: 0.01, weightDecayNorm: "combined" },
  { weightDecay: 0.1 },
  { weightDecay: 0.1, weightDecayNorm: "none" },
  { weightDecay: 0.1, weightDecayInGradient: false },
  { epsilon: 0.1 },
  { threshold: 0.01, epsilon: 0.1 },
  { zeroRule: "one" },
  { zeroRule: "coefficient", trustCoefficient: 0.1 },
];

/** A registry entry of the family: the same options in another norm. */
export function defineProportionalUpdate<Name extends string>(
  facts: Pick<OptimizerDefinition, "summary" | "formula" | "source" | "version"> & { readonly name: Name },
  norm: Norm,
) {
  return defineOptimizer({
    ...facts,
    schema: z.strictObject({ name: z.literal(facts.name), ...proportionalFields }),
    variants,
    create: (options) => proportionalUpdate(options, norm),
  });
}
