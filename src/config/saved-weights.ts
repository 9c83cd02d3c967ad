import { type Layer, layerSize } from "../compute/layer.js";

export const savings = ["auto", "weights", "nothing"] as const;

/** So few are always kept: 80 kB at most. */
export const fewWeights = 10_000;

/** Whether a run keeps its final weights. */
export const keepsWeights = (
  { save }: { readonly save: (typeof savings)[number] },
  layers: readonly Layer[],
): boolean =>
  save === "weights" || (save === "auto" && layers.reduce((sum, layer) => sum + layerSize(layer), 0) <= fewWeights);
