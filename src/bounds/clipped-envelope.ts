import {
  type Assumption,
  assuming,
  atTheStart,
  clippedRate,
  fullBatch,
  knownOptimum,
  optimumAwayFromOrigin,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { coCoercivity } from "./contraction.js";
import { atWorst, enveloped } from "./enveloped.js";
import { known, optimumNorm, short } from "./facts.js";

const constantsOf = (context: BoundContext) =>
  coCoercivity(known(context, "strongConvexity"), known(context, "smoothness"));

const shortRates: Assumption = {
  phrase: "λ_k ≤ 2/(μ + L)",
  unmet(context) {
    const { longest } = constantsOf(context);
    const { largest } = context.learningRates();
    return largest <= longest
      ? undefined
      : `the statement is for λ_k ≤ 2/(μ + L) = ${short(longest)}; λ_k goes up to ${short(largest)}`;
  },
};

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const { coefficient, epsilon } = context.rule.form!.clippedRate!;
  const smoothness = known(context, "smoothness");
  const optimum = optimumNorm(context);
  const { q } = constantsOf(context);
  /** s(D): no rate within D of w* is smaller. */
  const smallestRate = (envelope: number, learningRate: number) =>
    Math.min(learningRate, (coefficient * (optimum - envelope)) / (smoothness * envelope + epsilon));
  const next = (envelope: number, learningRate: number) =>
    envelope * Math.sqrt(Math.max(0, 1 - 2 * q * smallestRate(envelope, learningRate)));
  return enveloped(context, { next, accumulated: atWorst }, state);
}

/**
 * T12b: LARC converges. Its rate is at most λ, so that at constant λ it comes to w*, where LARS goes no nearer than a
 * radius (T2a, T4c): near w* the gradient is small, the clip is active, and the rule is gradient descent. A-priori
 * envelope, from d_0 and W; it tends to 0 where Σλ_k = ∞.
 *
 * Proof: docs/theory.md, T12b.
 */
export const clippedEnvelope = defineBound({
  name: "clipped-envelope",
  theorem: "T12b",
  version: 1,
  statement:
    "d_k ≤ D_k with D_0 = d_0, D_{k+1} = D_k√(1 − 2q·s(D_k)), s(D) = min(λ_k, c(W − D)/(LD + ε)), q = μL/(μ + L)",
  ...assuming(
    clippedRate,
    fullBatch,
    singleBlock,
    knownOptimum,
    optimumAwayFromOrigin,
    stronglyConvexAndSmooth,
    shortRates,
    atTheStart("d_0 < W"),
  ),
  source: "of LARC, NVIDIA apex; proof in docs/theory.md",
  columns: [
    {
      name: "clipped_envelope_distance",
      meaning: "a-priori envelope of the distance to w* of a clipped rule (T12b)",
      formula: "D_k = D√(1 − 2q·min(λ, c(W − D)/(LD + ε))) with λ_{k−1} and D = D_{k−1}; D_0 = d_0",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
