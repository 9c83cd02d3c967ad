import { fromage } from "./fromage.js";
import { lamb } from "./lamb.js";
import { lans } from "./lans.js";
import { larc } from "./larc.js";
import { lars } from "./lars.js";
import { madam } from "./madam.js";
import { muon } from "./muon.js";
import { nero } from "./nero.js";
import { novograd } from "./novograd.js";
import { percentDelta } from "./percent-delta.js";
import { percentDeltaElementwise } from "./percent-delta-elementwise.js";
import { proportionalInfinity } from "./proportional-infinity.js";
import { scion } from "./scion.js";
import { sgd } from "./sgd.js";
import type { OptimizerDefinition } from "./update-rule.js";

/** Every update rule that comes with the tool. */
export const optimizers: readonly OptimizerDefinition[] = [
  sgd,
  lars,
  percentDelta,
  proportionalInfinity,
  percentDeltaElementwise,
  larc,
  lamb,
  lans,
  fromage,
  nero,
  madam,
  novograd,
  muon,
  scion,
];
