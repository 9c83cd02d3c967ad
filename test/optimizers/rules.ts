import { builtIn } from "../../src/built-in/built-in.js";
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
