import { float64 } from "../../src/compute/float64.js";
import { createOptimizer, optimizerSchema } from "../../src/optimizers/optimizer.js";
import type { Layer } from "../../src/problems/problem.js";
import { builtIn } from "../../src/registry/registry.js";

const schema = optimizerSchema(builtIn);

/** An optimizer over these layers, from a config as a user would write it. */
export const optimizerOver = (layers: readonly Layer[], config: object, steps: number) =>
  createOptimizer(builtIn, schema.parse(config), layers, steps);

/** An optimizer over one layer per array of `weights`, from a config as a user would write it. */
export function optimizerFor(config: Record<string, unknown>, weights: readonly ArrayLike<number>[], steps = 10) {
  const layers = weights.map((w, i) => ({ name: `layer_${i + 1}`, shape: [w.length] }));
  return optimizerOver(layers, { learningRate: 0.1, ...config }, steps);
}

/** Δw of each layer over the given sequence of gradients, in float64, w moving along. */
export function trajectory(
  config: Record<string, unknown>,
  start: readonly (readonly number[])[],
  gradients: readonly (readonly (readonly number[])[])[],
): number[][][] {
  const optimizer = optimizerFor(config, start, gradients.length);
  let weights: Float64Array[] = start.map((w) => Float64Array.from(w));
  let state = optimizer.initialState(float64, weights);
  return gradients.map((gradient, step) => {
    const output = optimizer.updates(
      float64,
      step,
      weights,
      gradient.map((g) => Float64Array.from(g)),
      state,
    );
    state = output.state;
    weights = weights.map((w, i) => float64.add(w, output.updates[i]!));
    return output.updates.map((update) => [...update]);
  });
}
