/** Kernels that TensorFlow.js has no name for; some backends get them, and others compose what they do. */

/** From logits, rows × classes, and int32 labels: the losses of the rows, and their gradient by the logits. */
export const crossEntropyKernel = "CrossEntropyOfLabels";

/** dy where x > 0, else 0. */
export const reluGradientKernel = "ReluGrad";

/** From no tensors: the bytes that its attributes hold, divided by 255, in a shape. */
export const intensitiesKernel = "Intensities";

/** From logits, rows × classes, and int32 labels: 1 for every row whose largest logit is its label's, else 0. */
export const hitsKernel = "HitsOfLabels";

/** x·W + b of a fully connected layer, b being optional, and where `isRectified` the larger of that and 0. */
export const denseKernel = "DenseLayer";
