import { lars } from "./lars.js";
import { percentDelta } from "./percent-delta.js";
import { percentDeltaElementwise } from "./percent-delta-elementwise.js";
import { proportional } from "./proportional.js";
import { proportionalInfinity } from "./proportional-infinity.js";
import { sgd } from "./sgd.js";
import type { OptimizerDefinition } from "./update-rule.js";

/** Every update rule that comes with the tool. */
export const optimizers: readonly OptimizerDefinition[] = [
  sgd,
  lars,
  percentDelta,
  proportionalInfinity,
  proportional,
  percentDeltaElementwise,
];
