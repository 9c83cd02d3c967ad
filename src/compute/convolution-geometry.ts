import * as tf from "@tensorflow/tfjs-core";

/** Examples, rows, columns, channels; or of filters rows, columns, channels in, channels out. */
export type Shape4D = [number, number, number, number];

/** What follows from shapes and attributes of a convolution of images whose channels are their last axis. */
export function convolutionGeometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  {
    strides,
    pad,
    dimRoundingMode,
    dilations = 1,
  }: Pick<tf.Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> & Partial<Pick<tf.Conv2DAttrs, "dilations">>,
) {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    "channelsLast",
  );
}
