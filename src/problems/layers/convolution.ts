import { z } from "zod";
import type { Layer } from "../../compute/layer.js";
import { initializersOf } from "../network.js";
import { activationOption, biasOption, count, defineLayerKind, paddingOption, pair, windowsIn } from "./layer-kind.js";

const schema = z.strictObject({
  layer: z.literal("conv"),
  filters: count.describe("number of its outputs, the channels after it"),
  kernel: pair.default([3, 3]).describe("size of the filters: a number, or [height, width]"),
  stride: pair.default([1, 1]).describe("how far apart the places of a filter are: a number, or [down, across]"),
  padding: paddingOption,
  activation: activationOption,
  bias: biasOption,
});

/** activation(x ∗ K + b), K of shape [height, width, channels, filters]. */
export const convolution = defineLayerKind({
  kind: "conv",
  schema,
  takes: "image",
  shaped(options, place) {
    const { name, input, standard } = place;
    const { filters, kernel: size, stride, padding } = options;
    const { activation = standard.activation, bias = standard.bias } = options;
    const kernel: Layer = { name: `${name}/kernel`, shape: [...size, input[2]!, filters] };
    return {
      output: [...windowsIn(place, { size, stride, padding }), filters],
      layer: {
        weights: bias ? [kernel, { name: `${name}/bias`, shape: [filters] }] : [kernel],
        create: (tools, seed) =>
          tools.library.layers.conv2d({
            name,
            filters,
            kernelSize: [...size],
            strides: [...stride],
            padding,
            activation,
            useBias: bias,
            ...initializersOf(tools, standard, seed),
          }),
      },
    };
  },
});
