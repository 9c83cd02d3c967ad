import type { RuleAlgebra } from "../compute/algebra.js";

/** The sign of each entry, −1, 0 or 1, and NaN where it is not finite: 0·∞ keeps a diverged gradient visible. */
export const signsOf = <V, S>(algebra: RuleAlgebra<V, S>, a: V): V =>
  algebra.addScaled(algebra.sign(a), algebra.scalar(0), a);
