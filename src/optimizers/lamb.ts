import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { adapted, initialMoments, type MomentOptions, momentFields, momentsOf } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { atWeightsLength } from "./trust-ratio.js";
import { defineOptimizer, type Promises, type RuleInput, type UpdateRule } from "./update-rule.js";

interface Options extends MomentOptions {
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly zeroRule: "stay" | "one";
  readonly clip: boolean;
  readonly scaleWithoutWeightDecay: boolean;
}

/** u = m̂/(√v̂ + ε) + βw, and the moments' state. */
function directionOf<V, S>(
  algebra: RuleAlgebra<V, S>,
  options: Options,
  input: RuleInput<V, S>,
): { direction: V; state: RuleInput<V, S>["state"] } {
  const { mean, meanSquare, state } = momentsOf(algebra, options, input, input.gradient);
  const adam = adapted(algebra, mean, meanSquare, options.epsilon);
  const decay = algebra.scalar(options.weightDecay);
  return { direction: options.weightDecay === 0 ? adam : algebra.addScaled(adam, decay, input.weights), state };
}

/** The rule whose step is −λ times what is made of the direction u. */
const stepping = (
  options: Options,
  promises: Promises,
  lengthen: <V, S>(algebra: RuleAlgebra<V, S>, weights: V, direction: V) => V,
): UpdateRule => ({
  equationOne: { holds: false, reason: "lamb's direction is Adam's, not the gradient, so it is not equation (1)" },
  promises,
  ...normRatio(2),
  initialState: initialMoments,
  update(algebra, input) {
    const { direction, state } = directionOf(algebra, options, input);
    const step = lengthen(algebra, input.weights, direction);
    return { update: algebra.scale(algebra.scalar(-input.learningRate), step), state };
  },
});

/** Adam's step, which is left where nothing scales it. */
const adam = (options: Options): UpdateRule =>
  stepping({ ...options, weightDecay: 0 }, { scaleInvariant: options.epsilon === 0 }, (_, __, direction) => direction);

function create(options: Options): UpdateRule {
  const unscaled = adam(options);
  if (options.weightDecay === 0 && !options.scaleWithoutWeightDecay) return { ...unscaled, unscaled };
  const promises: Promises = {
    scaleInvariant: options.epsilon === 0,
    proportion: { coefficient: 1, is: options.clip ? "at most" : "exactly" },
  };
  const rule = stepping(options, promises, (algebra, weights, direction) =>
    atWeightsLength(algebra, weights, direction, options),
  );
  return { ...rule, unscaled };
}

/**
 * LAMB: Adam's direction, each layer at the length of its weights.
 *
 * Promised: ‖Δw‖₂ = λ‖w‖₂, and clipped at most that. *Proof.* Δw = −λ(‖w‖/‖u‖)u has the norm λ‖w‖, whatever u ≠ 0 is;
 * with the ratio ‖w‖/‖u‖ cut off at 1 it is λ·min(‖w‖, ‖u‖). ∎ Where w or u is 0 the zero rule says what is done.
 */
export const lamb = defineOptimizer({
  name: "lamb",
  summary: "Adam's direction in steps proportional to the weights (LAMB; clipped: LAMBC)",
  formula: "u = m̂/(√v̂ + ε) + βw;  Δw = −λ·(‖w‖₂/‖u‖₂)·u",
  source: "You et al., arXiv:1904.00962, algorithm 2; clip: Fong, Chen & Chen, arXiv:2011.13584",
  version: 2,
  schema: z.strictObject({
    name: z.literal("lamb"),
    ...momentFields,
    epsilon: z.number().nonnegative().default(1e-6).describe("ε of m̂/(√v̂ + ε)"),
    weightDecay: z.number().nonnegative().default(0).describe("β: β·w is added to Adam's direction"),
    clip: z.boolean().default(false).describe("LAMBC: the trust ratio ‖w‖/‖u‖ is at most 1"),
    zeroRule: z
      .enum(["stay", "one"])
      .default("stay")
      .describe("the trust ratio where ‖w‖ or ‖u‖ is 0: 0, or 1 (optax, Keras, timm, apex, the authors' code)"),
    scaleWithoutWeightDecay: z
      .boolean()
      .default(true)
      .describe("whether layers are scaled where β = 0; false: they take Adam's steps then (timm, apex)"),
  }),
  conventions: {
    paper: { source: "arXiv:1904.00962, algorithm 2", options: {} },
    authors: {
      source: "LAMBOptimizer of google-research/albert",
      options: { zeroRule: "one", biasCorrection: false },
    },
    optax: { source: "optax.lamb", options: { zeroRule: "one" } },
    keras: { source: "keras.optimizers.Lamb without weight decay", options: { zeroRule: "one", weightDecay: 0 } },
    timm: {
      source: "timm.optim.Lamb(max_grad_norm=None)",
      options: { zeroRule: "one", scaleWithoutWeightDecay: false },
    },
    apex: {
      source: "apex.optimizers.FusedLAMB(max_grad_norm=0)",
      options: { zeroRule: "one", scaleWithoutWeightDecay: false },
    },
  },
  variants: [
    { epsilon: 0, beta1: 0.8, beta2: 0.9 },
    { weightDecay: 0.1 },
    { clip: true },
    { zeroRule: "one", biasCorrection: false },
    { scaleWithoutWeightDecay: false },
  ],
  create,
});
