import { builtIn } from "../../src/built-in/built-in.js";
import { float64 } from "../../src/compute/float64.js";
import type { Layer } from "../../src/compute/layer.js";
import { createOptimizer, optimizerSchema } from "../../src/optimizers/optimizer.js";
import * as testing from "../../src/testing/trajectory.js";

const schema = optimizerSchema(builtIn);

/** An optimizer over these layers, from a config as a user would write it. */
export const optimizerOver = (layers: readonly Layer[], config: object, steps: number) =>
  createOptimizer(builtIn, schema.parse(config), layers, steps);

/** An optimizer over one layer per array of `weights`. */
export const optimizerFor = (config: object, weights: readonly ArrayLike<number>[], steps = 10) =>
  optimizerOver(
    weights.map((w, i) => ({ name: `layer_${i + 1}`, shape: [w.length] })),
    { learningRate: 0.1, ...config },
    steps,
  );

/** Δw of each layer over the given sequence of gradients, in float64, w moving along. */
export const trajectory = (config: object, start: testing.Drive["start"], gradients: testing.Drive["gradients"]) =>
  testing.trajectory(builtIn, config, { start, gradients });

/**
 * w_1, w_2, … of one layer, in float64.
 *
 * @param gradientAt the gradient at w_k
 */
export function descend(
  config: object,
  start: readonly number[],
  steps: number,
  gradientAt: (weights: readonly number[], k: number) => readonly number[],
  shape: readonly number[] = [start.length],
): number[][] {
  const optimizer = optimizerOver([{ name: "layer_1", shape }], config, steps);
  let weights = [Float64Array.from(start)];
  let state = optimizer.initialState(float64, weights);
  return Array.from({ length: steps }, (_, k) => {
    const gradient = Float64Array.from(gradientAt([...weights[0]!], k));
    const output = optimizer.updates(float64, k, weights, [gradient], state);
    state = output.state;
    weights = [Float64Array.from(float64.add(weights[0]!, output.updates[0]!))];
    return [...weights[0]!];
  });
}
