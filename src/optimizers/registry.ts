import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamw } from "./adamw.js";
import { fromage } from "./fromage.js";
import { lamb } from "./lamb.js";
import { lans } from "./lans.js";
import { larc } from "./larc.js";
import { lars } from "./lars.js";
import { lion } from "./lion.js";
import { madam } from "./madam.js";
import { muon } from "./muon.js";
import { nadam } from "./nadam.js";
import { nero } from "./nero.js";
import { normalizedGradientDescent } from "./normalized-gradient-descent.js";
import { novograd } from "./novograd.js";
import { percentDelta } from "./percent-delta.js";
import { percentDeltaElementwise } from "./percent-delta-elementwise.js";
import { proportional } from "./proportional.js";
import { proportionalInfinity } from "./proportional-infinity.js";
import { rmsprop } from "./rmsprop.js";
import { scion } from "./scion.js";
import { sgd } from "./sgd.js";
import { signDescent } from "./sign-descent.js";
import type { OptimizerDefinition } from "./update-rule.js";

/** Every update rule that comes with the tool. */
export const optimizers: readonly OptimizerDefinition[] = [
  sgd,
  lars,
  percentDelta,
  proportionalInfinity,
  proportional,
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
  adam,
  adamw,
  nadam,
  lion,
  rmsprop,
  adagrad,
  signDescent,
  normalizedGradientDescent,
];
