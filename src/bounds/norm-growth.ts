import { assuming, equationOne } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { ruleOf } from "./facts.js";
import { blocksOf, weightNormInRule } from "./measures.js";
import { roundingOf } from "./rounding.js";

interface Memory {
  /** ‖w_0‖_p, one a block */
  start?: number[];
  /** k, up to which the products go */
  step: number;
  /** Π(1 − λ_i), with 0 in place of negative factors */
  shrinking: number;
  /** Π(1 + λ_i) */
  growing: number;
}

/**
 * x·factor, for a factor in [0, 1]. More than half of the smallest number there is rounds to that number again: so say
 * without a multiplication, which takes some processors as long as fifty of other numbers.
 */
const shrunk = (x: number, factor: number): number => (x === Number.MIN_VALUE && factor > 0.5 ? x : x * factor);

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const { norm, coefficient } = ruleOf(context);
  const blocks = blocksOf(context);
  const underflow = roundingOf(context)(0);
  const memory: Memory = { step: 0, shrinking: 1, growing: 1, ...(state as Partial<Memory>) };
  /** ‖w_0‖_p·Π(1 − λ_i) of each block, and the product that it was made with: it no longer changes once it has vanished. */
  const lowest = blocks.map(() => Number.NaN);
  let madeWith = Number.NaN;

  function advanceTo(step: number): void {
    for (; memory.step < step; memory.step++) {
      const rate = context.learningRate(memory.step) * coefficient;
      memory.growing *= 1 + rate;
      memory.shrinking = shrunk(memory.shrinking, Math.max(0, 1 - rate));
    }
    if (memory.shrinking === madeWith) return;
    madeWith = memory.shrinking;
    for (let i = 0; i < blocks.length; i++) lowest[i] = memory.start![i]! * madeWith;
  }

  return {
    observe(record, check) {
      if (memory.start === undefined) {
        memory.start = blocks.map((block) => weightNormInRule(record, block, norm));
        memory.step = record.step;
        return noColumns;
      }
      advanceTo(record.step);
      for (let i = 0; i < blocks.length; i++) {
        const { name } = blocks[i]!;
        const weights = weightNormInRule(record, blocks[i]!, norm);
        const initial = memory.start[i]!;
        // What underflow took away at some step has grown since. The product can overflow, and 0·∞ is not 0.
        if (initial === 0) check(weights, 0, 0, name);
        else check(weights, initial * memory.growing, underflow * memory.growing, name);
        check(lowest[i]!, weights, underflow, name);
      }
      return noColumns;
    },
    state: () => ({ ...memory }),
  };
}

/**
 * The corollary of T1: weights neither grow nor shrink faster than compound interest; with λ_i < 1 a layer that is not
 * 0 never becomes 0, and one that is 0 stays there.
 *
 * Proof: docs/theory.md, T1.
 */
export const normGrowth = defineBound({
  name: "norm-growth",
  theorem: "T1",
  version: 1,
  statement: "‖w_0‖_p·Π max(0, 1 − λ_i) ≤ ‖w_k‖_p ≤ ‖w_0‖_p·Π(1 + λ_i)",
  ...assuming(equationOne),
  source: "corollary of arXiv:1801.03137, equation (1), by the triangle inequality",
  columns: [],
  start,
});
