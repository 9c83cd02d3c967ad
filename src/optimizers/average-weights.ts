import { z } from "zod";
import type { Algebra } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import { movingAverage } from "./moments.js";
import type { Optimizer, OptimizerState } from "./optimizer.js";
import type { RuleState } from "./update-rule.js";

/** How weights are averaged over the steps. */
export const averageWeightsSchema = z.strictObject({
  decay: z
    .number()
    .nonnegative()
    .lt(1)
    .default(0.999)
    .describe("β of w̄ ← βw̄ + (1 − β)w after every step; about the last 1/(1 − β) iterates count"),
  fromStep: z.int().nonnegative().default(0).describe("the step at which the average begins, with w itself"),
});

export type AverageWeights = z.output<typeof averageWeightsSchema>;

/**
 * The optimizer, which also remembers an average of the iterates (Polyak & Juditsky 1992, here with weights that fall
 * geometrically): w̄_k = w_k up to step `fromStep`, then w̄_{k+1} = βw̄_k + (1 − β)w_{k+1}. Its steps are the same. The
 * average is the last block of its state, so that it is saved, restored and freed with the rest.
 */
export function averagingWeights(
  optimizer: Optimizer,
  { decay, fromStep }: AverageWeights,
  layers: readonly Layer[],
): Optimizer {
  const named = <V, S>(vectors: readonly V[]): RuleState<V, S> =>
    Object.fromEntries(layers.map(({ name }, i) => [name, vectors[i]!]));
  const averages = <V, S>(state: OptimizerState<V, S>) => layers.map(({ name }) => state.at(-1)![name] as V);

  return {
    ...optimizer,
    averagedWeights: (step, state) => (step < fromStep ? undefined : averages(state)),

    initialState<V, S>(algebra: Algebra<V, S>, weights: readonly V[]) {
      const copies = weights.map((w) => algebra.shift(w, 0));
      return [...optimizer.initialState(algebra, weights), named<V, S>(copies)];
    },

    updates(algebra, step, weights, gradients, state, examples) {
      const output = optimizer.updates(algebra, step, weights, gradients, state.slice(0, -1), examples);
      const before = averages(state);
      const next = weights.map((w, i) => algebra.add(w, output.updates[i]!));
      const after = step < fromStep ? next : next.map((w, i) => movingAverage(algebra, decay, before[i]!, w));
      return { updates: output.updates, state: [...output.state, named(after)] };
    },
  };
}
