import { constant } from "./constant.js";
import { cosine } from "./cosine.js";
import { exponential } from "./exponential.js";
import { inverseSqrt } from "./inverse-sqrt.js";
import { inverseTime } from "./inverse-time.js";
import { polynomial } from "./polynomial.js";
import type { ScheduleDefinition } from "./schedule.js";
import { step } from "./step.js";

/** Every learning-rate schedule that comes with the tool. */
export const schedules: readonly ScheduleDefinition[] = [
  constant,
  polynomial,
  inverseSqrt,
  inverseTime,
  exponential,
  step,
  cosine,
];
