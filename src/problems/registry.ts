import { absoluteLossRegression } from "./absolute-loss.js";
import { blockQuadratic } from "./block-quadratic.js";
import { cnn } from "./cnn.js";
import { deepLinear } from "./deep-linear.js";
import { huber } from "./huber.js";
import { leastSquares } from "./least-squares.js";
import { logisticRegression } from "./logistic-regression.js";
import { mlp } from "./mlp.js";
import { model } from "./model.js";
import type { ProblemDefinition } from "./problem.js";
import { quadratic } from "./quadratic.js";
import { rayleighQuotient } from "./rayleigh-quotient.js";
import { robustRegression } from "./robust-regression.js";
import { scalar } from "./scalar.js";
import { softmaxRegression } from "./softmax-regression.js";
import { testFunction } from "./test-function.js";

/** Every problem that comes with the tool. */
export const problems: readonly ProblemDefinition[] = [
  scalar,
  quadratic,
  blockQuadratic,
  leastSquares,
  logisticRegression,
  absoluteLossRegression,
  huber,
  robustRegression,
  deepLinear,
  testFunction,
  rayleighQuotient,
  softmaxRegression,
  mlp,
  cnn,
  model,
];
