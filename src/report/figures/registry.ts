import type { FigureMaker } from "../figure.js";
import { heatMap } from "./heat-map.js";
import { gradientNorm, normRatio, weightNorm } from "./layer-figure.js";
import { sweep } from "./sweep-figure.js";
import { distance, gap, loss, testAccuracy, trainLoss } from "./trace-figure.js";

/** Every figure of a report, in its order. */
export const figureMakers: readonly FigureMaker[] = [
  sweep,
  heatMap,
  trainLoss,
  loss,
  testAccuracy,
  gap,
  distance,
  normRatio,
  weightNorm,
  gradientNorm,
];
