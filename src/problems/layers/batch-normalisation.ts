import { z } from "zod";
import type { Layer } from "../../compute/layer.js";
import { defineLayerKind } from "./layer-kind.js";

const schema = z.strictObject({
  layer: z.literal("batch-norm"),
  momentum: z.number().min(0).max(1).default(0.9).describe("share of the running statistics that a step keeps"),
  epsilon: z.number().positive().default(1e-3).describe("ε, added to the variance"),
  scale: z.boolean().default(true).describe("whether it has a scale γ for each channel, initially 1"),
  offset: z.boolean().default(true).describe("whether it has an offset β for each channel, initially 0"),
});

/**
 * γ(x − μ)/√(σ² + ε) + β for each channel, or unit: μ and σ² are in training those of the batch, in evaluation running
 * ones, which a step moves to momentum·running + (1 − momentum)·batch.
 */
export const batchNormalisation = defineLayerKind({
  kind: "batch-norm",
  schema,
  shaped({ momentum, epsilon, scale, offset }, { name, input }) {
    const one = (weight: string): Layer => ({ name: `${name}/${weight}`, shape: [input.at(-1)!] });
    return {
      output: input,
      layer: {
        weights: [...(scale ? [one("scale")] : []), ...(offset ? [one("offset")] : [])],
        nonTrainable: [one("mean"), one("variance")],
        hasTrainingMode: true,
        create: ({ own }) => new own.BatchNormalization({ name, momentum, epsilon, scale, center: offset }),
      },
    };
  },
});
