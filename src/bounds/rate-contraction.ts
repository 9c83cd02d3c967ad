import {
  alongGradient,
  assuming,
  fullBatch,
  knownOptimum,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { coCoercivity } from "./contraction.js";
import { known, optimumNorm } from "./facts.js";
import { gradientNorm, updateNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";
import { stepwise } from "./stepwise.js";

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const rounding = roundingOf(context);
  const optimum = optimumNorm(context);
  const { q, longest } = coCoercivity(known(context, "strongConvexity"), known(context, "smoothness"));
  return stepwise(
    {
      measured: (next) => next.distance!,
      bound(record) {
        const rate = updateNorm(record, whole) / gradientNorm(record, whole);
        return rate <= longest ? record.distance! * Math.sqrt(Math.max(0, 1 - 2 * q * rate)) : Number.NaN;
      },
      absoluteTolerance: (record) => rounding(weightNorm(record, whole) + updateNorm(record, whole) + optimum),
      column: false,
      unchecked: () => `no step was made along a gradient with s_k ≤ 2/(μ + L) = ${longest}`,
    },
    state,
  );
}

/**
 * T12a: a step along the gradient that is no longer than 2/(μ + L) times the gradient always shortens the distance, and
 * by a factor that its effective learning rate s_k tells.
 *
 * Proof: docs/theory.md, T12a.
 */
export const rateContraction = defineBound({
  name: "rate-contraction",
  theorem: "T12a",
  version: 1,
  statement: "d_{k+1}² ≤ (1 − 2s_kμL/(μ + L))d_k² whenever s_k = η_k/‖g_k‖₂ ≤ 2/(μ + L)",
  ...assuming(alongGradient, fullBatch, singleBlock, knownOptimum, stronglyConvexAndSmooth),
  source: "Nesterov 2004, theorem 2.1.15, for step sizes that change; proof in docs/theory.md",
  columns: [],
  start,
});
