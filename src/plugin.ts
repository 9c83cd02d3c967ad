/**
 * What a plugin is made with, without TensorFlow.js: the same as from "run-experiment", for modules that should load
 * quickly.
 */

export { z } from "zod";
export { ExperimentError } from "./base/errors.js";
export { type RandomStream, randomStream } from "./base/random.js";
export {
  type Bound,
  type BoundColumn,
  type BoundContext,
  type BoundMonitor,
  type Check,
  defineBound,
} from "./bounds/bound.js";
export type { Algebra, Matrix, Norm, Precision } from "./compute/algebra.js";
export type { Layer } from "./compute/layer.js";
export {
  type DataContext,
  type DatasetDefinition,
  defineDataset,
  type ImageDataset,
  type ImageSet,
} from "./data/dataset.js";
export {
  commonFields as scheduleFields,
  defineSchedule,
  type ScheduleDefinition,
} from "./optimizers/schedules/schedule.js";
export {
  type Convention,
  defineOptimizer,
  type EquationOne,
  type Form,
  type HeavyBall,
  type Invariant,
  type OptimizerDefinition,
  type Promises,
  type RuleInput,
  type RuleOutput,
  type RuleState,
  type StepMade,
  type UpdateRule,
} from "./optimizers/update-rule.js";
export {
  analyticProblem,
  type Batch,
  defineProblem,
  type Evaluator,
  type KnownConstants,
  type LossAndGradients,
  type Objective,
  type Problem,
  type ProblemContext,
  type ProblemDefinition,
} from "./problems/problem.js";
export { defineFigure, type Figure, type FigureDefinition, type FigureSource } from "./report/figure.js";
export type { AveragedRecord, LayerRecord, StepRecord } from "./training/record.js";
