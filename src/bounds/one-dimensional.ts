import type { StepRecord } from "../training/record.js";
import {
  type Assumption,
  convex,
  equationOne,
  fullBatch,
  knownOptimum,
  oneDimensional,
  optimumAwayFromOrigin,
} from "./assumptions.js";
import type { BoundContext } from "./bound.js";
import { known, ruleOf } from "./facts.js";

/** What all statements of T2 assume. */
export const inOneDimension: readonly Assumption[] = [
  equationOne,
  fullBatch,
  oneDimensional,
  convex,
  knownOptimum,
  optimumAwayFromOrigin,
];

/** A one-dimensional problem turned so that w* > 0: T2 for w* < 0 is its mirror image, w → −w. */
export interface Line {
  /** |w*| */
  readonly optimum: number;
  /** w_k, reflected if w* < 0 */
  readonly weight: (record: StepRecord) => number;
  /** λ_k */
  readonly rate: (record: StepRecord) => number;
  /** True where g_k = 0: w_k minimises f, equation (1) stays there, and T2 says nothing more. */
  readonly isAtMinimum: (record: StepRecord) => boolean;
}

export function lineOf(context: BoundContext): Line {
  const optimum = known(context, "optimum").find((layer) => layer.length > 0)![0]!;
  const { coefficient } = ruleOf(context);
  const mirror = Math.sign(optimum);
  return {
    optimum: Math.abs(optimum),
    weight: ({ weight }) => mirror * weight!,
    rate: ({ learningRate }) => learningRate * coefficient,
    isAtMinimum: ({ layers }) => layers[0]!.gradientNorm === 0,
  };
}
