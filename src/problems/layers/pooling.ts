import { z } from "zod";
import { defineLayerKind, type Place, paddingOption, pair, type Shaped, windowsIn } from "./layer-kind.js";

const windows = {
  size: pair.default([2, 2]).describe("of the windows: a number, or [height, width]"),
  stride: pair.optional().describe("how far apart the windows are: a number, or [down, across]; default: their size"),
  padding: paddingOption,
};

const maxSchema = z.strictObject({ layer: z.literal("max-pool"), ...windows });
const averageSchema = z.strictObject({ layer: z.literal("average-pool"), ...windows });

type Options = Omit<z.output<typeof maxSchema>, "layer">;

const pooling =
  (method: "maxPooling2d" | "averagePooling2d") =>
  ({ size, stride = size, padding }: Options, place: Place): Shaped => {
    const { name, input } = place;
    return {
      output: [...windowsIn(place, { size, stride, padding }), input[2]!],
      layer: {
        weights: [],
        create: ({ library }) =>
          library.layers[method]({ name, poolSize: [size[0], size[1]], strides: [stride[0], stride[1]], padding }),
      },
    };
  };

/** The largest entry of each window of each channel. */
export const maxPooling = defineLayerKind({
  kind: "max-pool",
  schema: maxSchema,
  takes: "image",
  shaped: pooling("maxPooling2d"),
});

/** The mean over each window of each channel; with padding, over what of the window lies inside the image. */
export const averagePooling = defineLayerKind({
  kind: "average-pool",
  schema: averageSchema,
  takes: "image",
  shaped: pooling("averagePooling2d"),
});
