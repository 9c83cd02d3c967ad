import { blockQuadratic } from "./block-quadratic.js";
import type { ProblemDefinition } from "./problem.js";
import { quadratic } from "./quadratic.js";

/** Every problem a config can name. */
export const problems: readonly ProblemDefinition[] = [quadratic, blockQuadratic];
