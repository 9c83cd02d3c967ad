import type { BoundContext, BoundMonitor } from "./bound.js";
import { roundingOf } from "./rounding.js";

interface Memory {
  /** ρ_{k−1}d_{k−1} */
  bound: number;
  absoluteTolerance: number;
  /** d_0Πρ_i */
  line?: number;
}

/**
 * The monitor of d_{k+1} ≤ ρ_kd_k for a centred problem, checked step by step; its column is the line d_0Πρ_i.
 *
 * @param factor ρ_k from λ_k
 * @param coefficient the rule's, so that ‖Δw_k‖ is about λ_k·coefficient·d_k
 */
export function contracting(
  context: BoundContext,
  factor: (learningRate: number) => number,
  coefficient: number,
  state: unknown,
): BoundMonitor {
  const rounding = roundingOf(context);
  const memory: Memory = { bound: Number.NaN, absoluteTolerance: 0, ...(state as Partial<Memory>) };
  const columns = [Number.NaN];
  return {
    observe(record, check) {
      const distance = record.distance!;
      memory.line ??= distance;
      columns[0] = memory.line;
      if (!Number.isNaN(memory.bound)) check(distance, memory.bound, memory.absoluteTolerance);
      if (record.last) return columns;
      const contraction = factor(record.learningRate);
      memory.bound = contraction * distance;
      memory.absoluteTolerance = rounding((1 + record.learningRate * coefficient) * distance);
      memory.line *= contraction;
      return columns;
    },
    state: () => ({ ...memory }),
  };
}
