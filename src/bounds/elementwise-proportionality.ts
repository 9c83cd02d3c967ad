import { layerSize } from "../compute/layer.js";
import type { StepRecord } from "../training/record.js";
import { type Assumption, assuming, seenPerNeuron } from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, noColumns } from "./bound.js";
import { type Block, blocksOf, gradientNorm, updateNorm, weightNorm } from "./measures.js";
import { checkEqual } from "./norm-ratio.js";
import { lostOfRate, roundingOf } from "./rounding.js";

const elementwiseRule: Assumption = {
  phrase: "the rule scales by the mean relative change of the entries, with nothing added to that mean",
  unmet: (context) =>
    context.rule.elementwise
      ? seenPerNeuron(context)
      : `${context.rule.name} does not make the mean relative change of the entries exactly λ; the statement is for elementwise PercentDelta`,
};

function start(context: BoundContext): BoundMonitor {
  const blocks = blocksOf(context);
  const sizes = context.layers.map(layerSize);
  const underflow = roundingOf(context)(0);

  /** The mean over all entries of the block, from the means of its layers. */
  function meanChange(record: StepRecord, { layers, entries }: Block): number {
    let sum = 0;
    for (const i of layers) sum += sizes[i]! * record.layers[i]!.normRatio;
    return sum / entries;
  }

  return {
    observe(record, check) {
      if (record.last) return noColumns;
      for (const block of blocks) {
        const gradient = gradientNorm(record, block);
        if (gradient === 0) check(updateNorm(record, block), 0, 0, block.name);
        // Updates of this size have lost digits to underflow.
        else if (gradient > underflow && record.learningRate * weightNorm(record, block) > underflow) {
          const lost = lostOfRate(record.learningRate, context.precision);
          checkEqual(check, meanChange(record, block), record.learningRate, lost, block.name);
        }
      }
      return noColumns;
    },
    state: () => ({}),
  };
}

/**
 * T10: the defining property of PercentDelta as first published, another rule than equation (1) with p = 1.
 *
 * Proof: docs/theory.md, T10. Where g = 0 the block stays. With `scope: global` the mean is over the entries of all
 * layers.
 */
export const elementwiseProportionality = defineBound({
  name: "elementwise-proportionality",
  theorem: "T10",
  version: 1,
  statement: "mean_i |Δw_i/w_i| = λ_k, w_i + sign(w_i)ε in place of w_i where the rule has an ε",
  ...assuming(elementwiseRule),
  source: "Abu-El-Haija, arXiv:1708.07227",
  columns: [],
  start,
});
