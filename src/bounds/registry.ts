import { bestIterate } from "./best-iterate.js";
import { bestIterateAPriori } from "./best-iterate-a-priori.js";
import type { Bound } from "./bound.js";
import { elementwiseProportionality } from "./elementwise-proportionality.js";
import { envelope } from "./envelope.js";
import { layerWiseDescent } from "./layer-wise-descent.js";
import { linearRate } from "./linear-rate.js";
import { noConvergence } from "./no-convergence.js";
import { normGrowth } from "./norm-growth.js";
import { normRatio } from "./norm-ratio.js";
import { objectiveDescent } from "./objective-descent.js";
import { oneDimensionalInterval } from "./one-dimensional-interval.js";
import { oneDimensionalStep } from "./one-dimensional-step.js";
import { oneStepContraction } from "./one-step-contraction.js";
import { radius } from "./radius.js";
import { signTrap } from "./sign-trap.js";
import { stepRange } from "./step-range.js";

/** All statements a run is held against, in the order of the theory. T7 is tested on the rules, T9 is a reason. */
export const bounds: readonly Bound[] = [
  normRatio,
  normGrowth,
  oneDimensionalInterval,
  noConvergence,
  signTrap,
  oneDimensionalStep,
  bestIterate,
  bestIterateAPriori,
  oneStepContraction,
  linearRate,
  radius,
  envelope,
  objectiveDescent,
  stepRange,
  layerWiseDescent,
  elementwiseProportionality,
];
