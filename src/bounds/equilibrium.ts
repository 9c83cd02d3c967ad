import type { StepRecord } from "../training/record.js";
import { type Assumption, assuming, decayed, fullBatch, scaleInvariantLoss, singleBlock } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound } from "./bound.js";
import { short } from "./facts.js";
import { gradientNorm, updateNorm, weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";

/**
 * r*, the positive root of 2r(1 + r) = λ(1 + r²) for λ < 2, where LARS with weight decay keeps the norm of the weights;
 * written without the digits that cancel.
 */
export const equilibriumRatio = (rate: number): number => rate / (1 + Math.sqrt(1 + rate * (2 - rate)));

const belowTwo: Assumption = {
  phrase: "λ_k < 2",
  unmet(context) {
    const largest = context.learningRates().largest * context.rule.form!.decayed!.coefficient;
    return largest < 2 ? undefined : `the statement is for λ_k < 2; λ_k goes up to ${short(largest)}`;
  },
};

interface Memory {
  /** What step k stated of ‖w_{k+1}‖₂, and ‖w_k‖₂ */
  norm: number;
  before: number;
  grows: boolean;
  tolerance: number;
}

const nothing: Memory = { norm: Number.NaN, before: Number.NaN, grows: false, tolerance: 0 };

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const rounding = roundingOf(context);
  const { coefficient, decay } = context.rule.form!.decayed!;
  let memory: Memory = { ...nothing, ...(state as Partial<Memory>) };
  const columns = [Number.NaN, Number.NaN];

  /** What is known of w_{k+1} from the norms at w_k; nothing where the gradient has vanished. */
  function stated(record: StepRecord, ratio: number, rate: number): Memory {
    const before = weightNorm(record, whole);
    if (!(gradientNorm(record, whole) > rounding(0) && before > rounding(0))) return nothing;
    const along = 1 - (rate * ratio) / (1 + ratio);
    return {
      norm: before * Math.hypot(along, rate / (1 + ratio)),
      before,
      grows: ratio <= equilibriumRatio(rate),
      tolerance: rounding(before + updateNorm(record, whole)),
    };
  }

  return {
    observe(record, check) {
      const norm = weightNorm(record, whole);
      if (!Number.isNaN(memory.norm)) {
        check(norm, memory.norm, memory.tolerance);
        check(memory.norm, norm, memory.tolerance);
        if (memory.grows) check(memory.before, norm, memory.tolerance);
        else check(norm, memory.before, memory.tolerance);
      }
      const ratio = (decay * norm) / gradientNorm(record, whole);
      const rate = record.learningRate * coefficient;
      columns[0] = norm * Math.sqrt(equilibriumRatio(rate) / ratio);
      columns[1] = Math.sqrt(ratio / equilibriumRatio(rate));
      memory = record.last ? nothing : stated(record, ratio, rate);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked: () => "no step was made with w ≠ 0 and g ≠ 0",
  };
}

/**
 * T15c: LARS with weight decay on a loss that does not depend on the length of the weights: the norm has an
 * equilibrium, to which every step leads. With r = β‖w‖₂/‖g‖₂ it grows exactly if r < r*, 2r*(1 + r*) = λ(1 + r*²), and
 * shrinks if r > r*; r is proportional to ‖w‖₂², since ∇f(αw) = ∇f(w)/α.
 *
 * Proof: docs/theory.md, T15c.
 */
export const equilibrium = defineBound({
  name: "equilibrium",
  theorem: "T15c",
  version: 1,
  statement:
    "‖w_{k+1}‖₂² = ((1 − λ_kr_k/(1 + r_k))² + (λ_k/(1 + r_k))²)‖w_k‖₂², r_k = β‖w_k‖₂/‖g_k‖₂; it is above ‖w_k‖₂² exactly if r_k < r*, 2r*(1 + r*) = λ_k(1 + r*²)",
  ...assuming(decayed, fullBatch, singleBlock, scaleInvariantLoss, belowTwo),
  source: "of LARS, arXiv:1708.03888, algorithm 1; proof in docs/theory.md",
  columns: [
    {
      name: "equilibrium_norm",
      meaning: "norm at which weights of this direction would neither grow nor shrink (T15c)",
      formula: "‖w_k‖₂√(r*/r_k), r_k = β‖w_k‖₂/‖g_k‖₂, 2r*(1 + r*) = λ_k(1 + r*²)",
      unit: "weight",
    },
    {
      name: "norm_over_equilibrium",
      meaning: "norm of the weights relative to that (T15c)",
      formula: "√(r_k/r*)",
      unit: "1",
    },
  ],
  start,
});
