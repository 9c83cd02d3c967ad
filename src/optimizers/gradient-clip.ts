import { z } from "zod";
import type { Algebra, RuleAlgebra } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import { perNeuron } from "../compute/per-neuron.js";

/** How gradients are clipped before a rule sees them. */
export const gradientClipSchema = z.discriminatedUnion("method", [
  z.strictObject({
    method: z.literal("global-norm").describe("g ← g·min(1, c/‖g‖₂), the norm over all layers together"),
    maximum: z.number().positive().default(1).describe("c: the largest norm"),
  }),
  z.strictObject({
    method: z
      .literal("adaptive")
      .describe(
        "AGC: g ← g·min(1, c·max(‖w‖₂, ε)/‖g‖₂) of each unit, an output unit or channel; other layers are one unit",
      ),
    factor: z.number().positive().default(0.01).describe("c: the largest norm relative to that of the weights"),
    minimumWeightNorm: z.number().positive().default(1e-3).describe("ε: smaller norms of weights count as this"),
  }),
]);

export type GradientClipOptions = z.output<typeof gradientClipSchema>;
type Adaptive = Extract<GradientClipOptions, { method: "adaptive" }>;

/** A clipping of the gradients of all layers. */
export interface GradientClip {
  /** In words, for messages. */
  readonly title: string;
  /**
   * Whether parts of what a rule sees as one block are scaled apart, which turns the gradient of the block.
   *
   * @param isPerNeuron whether each neuron of the layer is a block of its own
   */
  scalesApart(block: readonly Layer[], isPerNeuron: boolean): boolean;
  /** The gradients as the rule is to see them, one a layer. A gradient that is not finite stays so. */
  apply<V, S>(algebra: Algebra<V, S>, weights: readonly V[], gradients: readonly V[]): readonly V[];
}

/** g·min(1, limit/‖g‖₂), without the quotient, which may be no float32 number. */
function limited<V, S>(algebra: RuleAlgebra<V, S>, gradient: V, limit: S): V {
  const length = algebra.norm(gradient, 2);
  const one = algebra.scalar(1);
  const whereLonger = (then: S) => algebra.ifLess(limit, length, then, one);
  return algebra.scale(whereLonger(limit), algebra.divideBy(gradient, whereLonger(length)));
}

/** Pascanu, Mikolov & Bengio, arXiv:1211.5063, algorithm 1. */
const byGlobalNorm = (maximum: number): GradientClip => ({
  title: `to a global norm of ${maximum}`,
  scalesApart: () => false,
  apply<V, S>(algebra: Algebra<V, S>, _: readonly V[], gradients: readonly V[]) {
    const whole = gradients.length === 1 ? gradients[0]! : algebra.concatenate(gradients);
    return algebra.split(limited(algebra, whole, algebra.scalar(maximum)), gradients);
  },
});

function limitedByWeights<V, S>(algebra: RuleAlgebra<V, S>, weights: V, gradient: V, options: Adaptive): V {
  const minimum = algebra.scalar(options.minimumWeightNorm);
  const length = algebra.norm(weights, 2);
  const limit = algebra.times(algebra.scalar(options.factor), algebra.ifLess(length, minimum, minimum, length));
  return limited(algebra, gradient, limit);
}

/**
 * Adaptive gradient clipping of Brock et al., arXiv:2102.06171, section 4. Of each unit ‖g'‖₂ ≤ c·max(‖w‖₂, ε), since
 * either ‖g‖₂ is no larger or g is scaled to that length.
 */
const adaptive = (options: Adaptive, layers: readonly Layer[]): GradientClip => ({
  title: `unit by unit to ${options.factor} of the weights`,
  scalesApart: (block, isPerNeuron) =>
    block.length > 1 || (!isPerNeuron && block.some(({ shape }) => shape.length > 1 && shape.at(-1)! > 1)),
  apply<V, S>(algebra: Algebra<V, S>, weights: readonly V[], gradients: readonly V[]) {
    return layers.map(({ shape }, i) =>
      shape.length > 1
        ? limitedByWeights(perNeuron(algebra, shape), weights[i]!, gradients[i]!, options)
        : limitedByWeights(algebra, weights[i]!, gradients[i]!, options),
    );
  },
});

export function gradientClip(options: GradientClipOptions, layers: readonly Layer[]): GradientClip {
  switch (options.method) {
    case "global-norm":
      return byGlobalNorm(options.maximum);
    case "adaptive":
      return adaptive(options, layers);
  }
}
