import { z } from "zod";
import type { Norm, RuleAlgebra } from "../compute/algebra.js";
import { momentumFields, velocityOf } from "./momentum.js";
import { normRatio } from "./norm-ratio.js";
import { unscaledGradient } from "./sgd.js";
import { decayWhereScaled, type TrustRatio, trustRatio } from "./trust-ratio.js";
import {
  defineOptimizer,
  type EquationOne,
  type Form,
  type HeavyBall,
  type Invariant,
  type OptimizerDefinition,
  type Promises,
  type UpdateRule,
} from "./update-rule.js";

/**
 * The family of equation (1) of arXiv:1801.03137,
 *
 *     Δw = −λ_k · c · (‖w‖_p / ‖g‖_p) · g,
 *
 * with every deviation from it that other implementations make as an explicit option. With the defaults it is
 * equation (1) itself: no momentum, no weight decay, no guard. lars-conventions.ts says which implementation takes which.
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
    .enum(["stay", "coefficient", "one", "gradient"])
    .default("stay")
    .describe(
      "the scaled trust ratio where ‖w‖ or the denominator is 0: 0 (eq. (1)), c, 1 (optax, tf.contrib, SimCLR, timm), or 1 without weight decay (apex)",
    ),
  clip: z
    .boolean()
    .default(false)
    .describe("LARC: the scaled trust ratio is at most 1/λ, so that no step is longer than that of plain SGD"),
  weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to the gradient before it is scaled"),
  scaleWithoutWeightDecay: z
    .boolean()
    .default(true)
    .describe("whether layers are scaled where β = 0; false: they take plain gradient steps then (timm)"),
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
    options.weightDecay === 0 && !options.scaleWithoutWeightDecay && "no scaling without weight decay",
    options.threshold > 0 && `a threshold guard at ‖w‖ = ${options.threshold}`,
    options.epsilon > 0 && `epsilon ${options.epsilon} in the denominator`,
    options.zeroRule !== "stay" && `zero rule "${options.zeroRule}"`,
    options.clip && "a clip at plain gradient steps",
  ].filter((deviation) => deviation !== false);
  return deviations.length === 0
    ? { holds: true, norm, coefficient: options.trustCoefficient }
    : { holds: false, reason: `the rule has ${deviations.join(" and ")}, so it is not equation (1)` };
}

/**
 * What a rule of the family promises. Without momentum ‖Δw‖ = λc(‖w‖/D)·‖g + βw‖, and D ≥ ‖g + βw‖ for either form of
 * D that has β in it, so that ‖Δw‖ ≤ λc‖w‖. Clipped, Δw = −min(λ, c‖w‖/D)·(g + βw), so that ‖Δw‖ ≤ c‖w‖ whatever λ. A
 * guard makes other steps where it is active, where ‖w‖ is below the threshold or a norm is 0.
 */
function promisesOf(options: ProportionalOptions, norm: Norm, isEquationOne: boolean): Promises {
  const { momentum, weightDecay, threshold, epsilon, trustCoefficient, clip } = options;
  const isDecayCounted = weightDecay === 0 || !options.weightDecayInGradient || options.weightDecayNorm !== "none";
  const isBounded = momentum === 0 && threshold === 0 && isDecayCounted;
  const atMostCoefficient: Invariant = {
    statement: `‖Δw‖/‖w‖ ≤ ${trustCoefficient}`,
    measure: (algebra, { weights, update }) => normRatio(norm).proportion(algebra, weights, update),
    range: () => [0, trustCoefficient],
  };
  return {
    form: formOf(options, norm),
    ...((weightDecay === 0 || !options.weightDecayInGradient) && { againstGradient: true }),
    scaleInvariant: weightDecay === 0 && threshold === 0 && epsilon === 0 && !clip,
    ...(isBounded &&
      !clip && { proportion: { coefficient: trustCoefficient, is: isEquationOne ? "exactly" : "at most" } }),
    ...(isBounded && clip && { invariants: [atMostCoefficient] }),
  };
}

/** Equation (1) but for momentum, as the heavy ball: s_k = λ_kc‖w_k‖/‖g_k‖, and 0 where eq. (1) stays. */
function heavyBallOf(options: ProportionalOptions, norm: Norm): HeavyBall | undefined {
  const { momentum, nesterov, momentumOrder, trustCoefficient } = options;
  const isApart = nesterov || momentumOrder === "gradient" || !equationOne({ ...options, momentum: 0 }, norm).holds;
  if (momentum === 0 || isApart) return undefined;
  return {
    momentum,
    rate: (learningRate, weightNorm, gradientNorm) =>
      gradientNorm === 0 ? 0 : (learningRate * trustCoefficient * weightNorm) / gradientNorm,
    constantRate: momentumOrder === "learning-rate-outside",
  };
}

/** The forms of rules of the family that theorems are about. */
function formOf(options: ProportionalOptions, norm: Norm): Form {
  const { momentum, threshold, epsilon, trustCoefficient: coefficient, clip } = options;
  const { weightDecay: decay, weightDecayInGradient, weightDecayNorm, zeroRule } = options;
  const heavyBall = heavyBallOf(options, norm);
  if (heavyBall) return { heavyBall };
  if (momentum > 0 || (decay > 0 && !weightDecayInGradient)) return {};
  if (decay > 0) {
    const isGuarded = threshold > 0 || epsilon > 0 || zeroRule !== "stay" || clip;
    return weightDecayNorm === "separate" && !isGuarded && norm === 2 ? { decayed: { coefficient, decay } } : {};
  }
  const isClipped = clip && norm === 2 && threshold === 0;
  return { alongGradient: true, ...(isClipped && { clippedRate: { coefficient, epsilon } }) };
}

/** factor × trust ratio × a */
const trusted = <V, S>(algebra: RuleAlgebra<V, S>, factor: S, { length, denominator }: TrustRatio<S>, a: V): V =>
  algebra.scaleByQuotient(algebra.times(factor, length), denominator, a);

/** An update rule of the family, in the given norm. */
export function proportionalUpdate(options: ProportionalOptions, norm: Norm): UpdateRule {
  const isEquationOne = equationOne(options, norm);
  const unscaled = unscaledGradient(options);
  if (options.weightDecay === 0 && !options.scaleWithoutWeightDecay) {
    return { ...unscaled, equationOne: isEquationOne, unscaled };
  }
  return {
    equationOne: isEquationOne,
    promises: promisesOf(options, norm, isEquationOne.holds),
    unscaled,
    ...normRatio(norm),
    ...(options.momentum > 0 && { initialState: (algebra, weights) => ({ velocity: algebra.zerosLike(weights) }) }),

    update(algebra, input) {
      const { weights, gradient, learningRate, state } = input;
      const ratio = trustRatio(algebra, options, norm, input);
      const rate = algebra.scalar(-learningRate);
      const decayed =
        options.weightDecay === 0 || !options.weightDecayInGradient
          ? gradient
          : algebra.addScaled(gradient, decayWhereScaled(algebra, options, norm, input), weights);

      if (options.momentum === 0) return { update: trusted(algebra, rate, ratio, decayed), state };
      switch (options.momentumOrder) {
        case "learning-rate-inside": {
          const { direction, velocity } = velocityOf(algebra, options, state, trusted(algebra, rate, ratio, decayed));
          return { update: direction, state: { velocity } };
        }
        case "learning-rate-outside": {
          const increment = trusted(algebra, algebra.scalar(1), ratio, decayed);
          const { direction, velocity } = velocityOf(algebra, options, state, increment);
          return { update: algebra.scale(rate, direction), state: { velocity } };
        }
        case "gradient": {
          const { direction, velocity } = velocityOf(algebra, options, state, decayed);
          return { update: trusted(algebra, rate, ratio, direction), state: { velocity } };
        }
      }
    },
  };
}

/** Every option of the family once or more. */
export const variants: readonly Partial<ProportionalOptions>[] = [
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
  { zeroRule: "gradient", weightDecay: 0.1 },
  { clip: true },
  { clip: true, momentum: 0.9, momentumOrder: "learning-rate-outside", weightDecay: 0.1, trustCoefficient: 0.02 },
  { scaleWithoutWeightDecay: false, momentum: 0.9 },
];

/** A registry entry of the family: the same options in another norm. */
export function defineProportionalUpdate<Name extends string>(
  facts: Pick<OptimizerDefinition, "summary" | "formula" | "source" | "version" | "conventions"> & {
    readonly name: Name;
  },
  norm: Norm,
) {
  return defineOptimizer({
    ...facts,
    schema: z.strictObject({ name: z.literal(facts.name), ...proportionalFields }),
    variants,
    create: (options) => proportionalUpdate(options, norm),
  });
}
