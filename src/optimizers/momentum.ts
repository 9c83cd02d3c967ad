import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import type { RuleState } from "./update-rule.js";

/** The options of heavy-ball and Nesterov momentum. */
export const momentumFields = {
  momentum: z.number().nonnegative().lt(1).default(0).describe("m of v ← m·v + u; 0: none"),
  nesterov: z.boolean().default(false).describe("look ahead: the direction is m·v + u in place of v"),
};

export interface MomentumOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** v ← m·v + u, and the direction of the step: v, or m·v + u with Nesterov's look-ahead. */
export function velocityOf<V, S>(
  algebra: RuleAlgebra<V, S>,
  { momentum, nesterov }: MomentumOptions,
  state: RuleState<V, S>,
  increment: V,
): { velocity: V; direction: V } {
  const m = algebra.scalar(momentum);
  const velocity = algebra.addScaled(increment, m, state.velocity as V);
  return { velocity, direction: nesterov ? algebra.addScaled(increment, m, velocity) : velocity };
}
