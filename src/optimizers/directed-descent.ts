import { z } from "zod";
import type { Norm, RuleAlgebra } from "../compute/algebra.js";
import { movingAverage } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { stepsOf } from "./step-length.js";
import type { EquationOne, RuleState, UpdateRule } from "./update-rule.js";

/** The option of rules that take only a direction from the gradient. */
export const directedFields = {
  beta: z
    .number()
    .nonnegative()
    .lt(1)
    .default(0)
    .describe("β of m ← βm + (1 − β)g, the average whose direction is taken; 0: the gradient's own"),
};

interface Directed {
  readonly beta: number;
  readonly equationOne: EquationOne;
  /** ‖Δw‖ in this norm is λ. */
  readonly norm: Norm;
  readonly againstGradient?: true;
  /** Of length 1 in the norm; 0 where the average is 0. */
  direction<V, S>(algebra: RuleAlgebra<V, S>, average: V): V;
}

/** The average of the gradients so far, and the state after it. */
function averaged<V, S>(algebra: RuleAlgebra<V, S>, beta: number, state: RuleState<V, S>, gradient: V) {
  if (beta === 0) return { average: gradient, state };
  const average = movingAverage(algebra, beta, state.average as V, gradient);
  return { average, state: { average } };
}

/** A rule Δw = −λ·d, d the direction of an average gradient; unscaled it goes along the average itself. */
export function directedDescent({ beta, equationOne, norm, direction, againstGradient }: Directed): UpdateRule {
  const along = (directed: Directed["direction"]): UpdateRule => ({
    ...normRatio(2),
    equationOne,
    promises: {
      ...(againstGradient && { againstGradient }),
      ...(againstGradient && beta === 0 && { form: { alongGradient: true } }),
      scaleInvariant: true,
      invariants: [stepsOf(norm)],
    },
    ...(beta > 0 && { initialState: (algebra, weights) => ({ average: algebra.zerosLike(weights) }) }),
    update(algebra, input) {
      const { average, state } = averaged(algebra, beta, input.state, input.gradient);
      return { update: algebra.scale(algebra.scalar(-input.learningRate), directed(algebra, average)), state };
    },
  });
  const unscaled: UpdateRule = { ...along((_, average) => average), promises: { scaleInvariant: false } };
  return { ...along(direction), unscaled };
}
