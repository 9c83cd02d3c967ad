import { smallestNormal } from "../compute/algebra.js";
import { assuming, equationOne } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, type Check, defineBound, noColumns } from "./bound.js";
import { ruleOf } from "./facts.js";
import {
  blocksOf,
  gradientNormInRule,
  hasUpdateNormInRule,
  updateNorm,
  updateNormInRule,
  weightNormInRule,
} from "./measures.js";
import { lostOfRate } from "./rounding.js";

/** States measured = expected, as two inequalities. */
export function checkEqual(check: Check, measured: number, expected: number, tolerance: number, layer?: string): void {
  check(measured, expected, tolerance, layer);
  check(expected, measured, tolerance, layer);
}

function start(context: BoundContext): BoundMonitor {
  const { norm, coefficient } = ruleOf(context);
  const blocks = blocksOf(context);
  return {
    observe(record, check) {
      if (record.last) return noColumns;
      const rate = record.learningRate * coefficient;
      for (let i = 0; i < blocks.length; i++) {
        const block = blocks[i]!;
        // Norms of this size have lost digits to underflow.
        const underflow = block.entries * smallestNormal[context.precision];
        const weights = weightNormInRule(record, block, norm);
        const gradient = gradientNormInRule(record, block, norm);
        if (weights === 0 || gradient === 0) check(updateNorm(record, block), 0, 0, block.name);
        else if (!(gradient < underflow) && hasUpdateNormInRule(record, block, norm, underflow)) {
          const ratio = updateNormInRule(record, block, norm) / weights;
          const lost = underflow / weights + lostOfRate(rate, context.precision);
          checkEqual(check, ratio, rate, lost, block.name);
        }
      }
      return noColumns;
    },
    state: () => ({}),
  };
}

/**
 * T1: the defining property of proportional updates. Any loss, any layer, any p, mini-batches too.
 *
 * Proof: docs/theory.md, T1. Where w = 0 or g = 0 there is no ratio, and the layer stays. With `scope: global` the
 * norms are those of the whole vector.
 */
export const normRatio = defineBound({
  name: "norm-ratio",
  theorem: "T1",
  version: 1,
  statement: "‖w_{k+1} − w_k‖_p/‖w_k‖_p = λ_k; where w_k = 0 or g_k = 0, w_{k+1} = w_k",
  ...assuming(equationOne),
  source: "arXiv:1801.03137, equation (1)",
  columns: [],
  start,
});
