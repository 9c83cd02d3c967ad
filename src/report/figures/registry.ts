import { defineFigure, type FigureDefinition } from "../figure.js";
import { heatMap } from "./heat-map.js";
import { gradientNorm, normRatio, weightNorm } from "./layer-figure.js";
import { performanceProfile } from "./performance-profile.js";
import { search } from "./search-figure.js";
import { stepsToTarget } from "./steps-to-target.js";
import { sweep } from "./sweep-figure.js";
import { distance, gap, loss, testAccuracy, trainLoss, validationLoss } from "./trace-figure.js";
import { trajectory } from "./trajectory.js";

/** Every figure of a report that comes with the tool, in its order. */
export const figures: readonly FigureDefinition[] = [
  defineFigure({ name: "sweep", make: sweep }),
  defineFigure({ name: "heat-map", make: heatMap }),
  defineFigure({ name: "search", make: search }),
  defineFigure({ name: "steps-to-target", make: stepsToTarget }),
  defineFigure({ name: "performance-profile", make: performanceProfile }),
  defineFigure({ name: "train-loss", make: trainLoss }),
  defineFigure({ name: "loss", make: loss }),
  defineFigure({ name: "validation-loss", make: validationLoss }),
  defineFigure({ name: "test-accuracy", make: testAccuracy }),
  defineFigure({ name: "gap", make: gap }),
  defineFigure({ name: "distance", make: distance }),
  defineFigure({ name: "trajectory", make: trajectory }),
  defineFigure({ name: "norm-ratio", make: normRatio }),
  defineFigure({ name: "weight-norm", make: weightNorm }),
  defineFigure({ name: "gradient-norm", make: gradientNorm }),
];
