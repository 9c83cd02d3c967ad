import { mlp } from "./mlp.js";
import type { ProblemDefinition } from "./problem.js";
import { softmaxRegression } from "./softmax-regression.js";

/** Every problem a config can name. */
export const problems: readonly ProblemDefinition[] = [softmaxRegression, mlp];
