import type { StepRecord } from "../training/record.js";
import { assuming, equationOne, fullBatch, smooth } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { known } from "./facts.js";
import { gradientNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";

/** Σ_ℓ η_k^ℓ‖g_k^ℓ‖₂: by how much f would fall if it were linear. */
function firstOrderDecrease({ layers }: StepRecord): number {
  let sum = 0;
  for (let i = 0; i < layers.length; i++) sum += layers[i]!.updateNorm * layers[i]!.gradientNorm;
  return sum;
}

/** Σ_ℓ (η_k^ℓ)² */
function squaredStep({ layers }: StepRecord): number {
  let sum = 0;
  for (let i = 0; i < layers.length; i++) sum += layers[i]!.updateNorm ** 2;
  return sum;
}

interface Memory {
  initialLoss?: number;
  /** Of the step before: f(w_k), its first-order decrease, and (L/2)Σ_ℓ(η_k^ℓ)². */
  loss: number;
  decrease: number;
  curvature: number;
  /** min_k of the decreases */
  smallestDecrease: number;
  /** Σ_k of the curvatures */
  totalCurvature: number;
  steps: number;
}

const fresh: Memory = {
  loss: Number.NaN,
  decrease: Number.NaN,
  curvature: Number.NaN,
  smallestDecrease: Number.POSITIVE_INFINITY,
  totalCurvature: 0,
  steps: 0,
};

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const halfSmoothness = known(context, "smoothness") / 2;
  const infimum = context.constants?.infimum ?? context.constants?.optimalValue ?? Number.NaN;
  const rounding = roundingOf(context);
  const memory: Memory = { ...fresh, ...(state as Partial<Memory>) };
  const columns = [Number.NaN, Number.NaN, Number.NaN];
  return {
    observe(record, check) {
      const { loss } = record;
      memory.initialLoss ??= loss;
      if (memory.steps > 0) {
        const change = loss - memory.loss + memory.decrease;
        // w_{k+1} is stored with an error e, which changes f by up to ‖g‖e + (L/2)e².
        const error = rounding(weightNorm(record, whole));
        const cancelled = rounding(Math.abs(loss) + Math.abs(memory.loss) + memory.decrease);
        check(change, memory.curvature, cancelled + gradientNorm(record, whole) * error + halfSmoothness * error ** 2);
        columns[0] = memory.loss - memory.decrease + memory.curvature;
      }
      if (!record.last) {
        memory.loss = loss;
        memory.decrease = firstOrderDecrease(record);
        memory.curvature = halfSmoothness * squaredStep(record);
        memory.smallestDecrease = Math.min(memory.smallestDecrease, memory.decrease);
        memory.totalCurvature += memory.curvature;
        memory.steps++;
      }
      if (memory.steps === 0) return columns;
      columns[1] = memory.smallestDecrease;
      columns[2] = (memory.initialLoss - infimum + memory.totalCurvature) / memory.steps;
      if (!record.last && !Number.isNaN(infimum)) {
        const cancelled = rounding(Math.abs(memory.initialLoss) + Math.abs(infimum));
        check(memory.smallestDecrease, columns[2], cancelled / memory.steps);
      }
      return columns;
    },
    state: () => ({ ...memory }),
  };
}

/**
 * T8: descent of a smooth objective, convex or not, with any number of layers. It is what is left of T3 and T4 for
 * layer-wise updates: the layers' step sizes differ, so that their inner products do not add up to ⟨g, w − w*⟩.
 *
 * Proof: docs/theory.md, T8. The second part also needs inf f, or a lower bound of f.
 */
export const layerWiseDescent = defineBound({
  name: "layer-wise-descent",
  theorem: "T8",
  version: 1,
  statement:
    "f(w_{k+1}) ≤ f(w_k) − Σ_ℓ η_k^ℓ‖g_k^ℓ‖₂ + (L/2)Σ_ℓ(η_k^ℓ)², and " +
    "min_{k<K} Σ_ℓ η_k^ℓ‖g_k^ℓ‖₂ ≤ (f(w_0) − inf f + (L/2)Σ_kΣ_ℓ(η_k^ℓ)²)/K",
  ...assuming(equationOne, fullBatch, smooth),
  source: "the descent lemma, layer by layer; proof in docs/theory.md",
  columns: [
    {
      name: "objective_bound",
      meaning: "bound on f(w_k) from the step before (T8)",
      formula: "f(w_{k−1}) − Σ_ℓ η^ℓ‖g^ℓ‖₂ + (L/2)Σ_ℓ(η^ℓ)², at step k − 1",
      unit: "loss",
      drawnWith: "loss",
    },
    {
      name: "smallest_first_order_decrease",
      meaning: "smallest first-order decrease of f so far",
      formula: "min_{i≤k} Σ_ℓ η_i^ℓ‖g_i^ℓ‖₂",
      unit: "loss",
    },
    {
      name: "first_order_decrease_bound",
      meaning: "bound on smallest_first_order_decrease (T8)",
      formula: "(f(w_0) − inf f + (L/2)Σ_{i≤k}Σ_ℓ(η_i^ℓ)²)/(k + 1)",
      unit: "loss",
    },
  ],
  start,
});
