import { bestIterate } from "./best-iterate.js";
import { bestIterateAPriori } from "./best-iterate-a-priori.js";
import type { Bound } from "./bound.js";
import { clippedEnvelope } from "./clipped-envelope.js";
import { elementwiseProportionality } from "./elementwise-proportionality.js";
import { envelope } from "./envelope.js";
import { equilibrium } from "./equilibrium.js";
import { heavyBall } from "./heavy-ball.js";
import { layerWiseDescent } from "./layer-wise-descent.js";
import { linearRate } from "./linear-rate.js";
import { noConvergence } from "./no-convergence.js";
import { normGrowth } from "./norm-growth.js";
import { normRatio } from "./norm-ratio.js";
import { objectiveDescent } from "./objective-descent.js";
import { oneDimensionalInterval } from "./one-dimensional-interval.js";
import { oneDimensionalStep } from "./one-dimensional-step.js";
import { oneStepContraction } from "./one-step-contraction.js";
import { orthogonalGrowth } from "./orthogonal-growth.js";
import { orthogonalRest } from "./orthogonal-rest.js";
import { promisedInvariants } from "./promised-invariants.js";
import { promisedProportion } from "./promised-proportion.js";
import { radius } from "./radius.js";
import { rateContraction } from "./rate-contraction.js";
import { shrunkEnvelope } from "./shrunk-envelope.js";
import { shrunkRate } from "./shrunk-rate.js";
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
  promisedProportion,
  promisedInvariants,
  rateContraction,
  clippedEnvelope,
  shrunkRate,
  shrunkEnvelope,
  heavyBall,
  orthogonalGrowth,
  orthogonalRest,
  equilibrium,
];
