/** The public API: what the command line is made of. */

export type { Bound, BoundContext, BoundMonitor, Verdict } from "./bounds/bound.js";
export { bounds } from "./bounds/registry.js";
export { type BoundWatch, watchBounds } from "./bounds/verdict.js";
export type { Algebra, Matrix, Norm, Precision } from "./compute/algebra.js";
export { backendNames, type StartedBackend, startBackend } from "./compute/backends.js";
export { float64 } from "./compute/float64.js";
export { expand, type Run } from "./config/expand.js";
export { type Experiment, loadExperiment, type Override } from "./config/load.js";
export type { RunConfig } from "./config/schema.js";
export type { DatasetDefinition, ImageDataset } from "./data/dataset.js";
export { datasets } from "./data/registry.js";
export { ExperimentError, exitCodes } from "./errors.js";
export { type ExecutionOptions, type ExperimentResult, executeExperiment } from "./execution/experiment.js";
export { createOptimizer, type Optimizer, type OptimizerConfig, optimizerSchema } from "./optimizers/optimizer.js";
export { optimizers } from "./optimizers/registry.js";
export { scheduleOf, schedules } from "./optimizers/schedules/registry.js";
export type { OptimizerDefinition, UpdateRule } from "./optimizers/update-rule.js";
export type { KnownConstants, Objective, Problem, ProblemDefinition } from "./problems/problem.js";
export { problems } from "./problems/registry.js";
export { type Manifest, readManifest } from "./results/manifest.js";
export { type RandomStream, randomStream } from "./training/random.js";
export type { LayerRecord, StepRecord } from "./training/record.js";
export { type Training, type TrainingEnd, train } from "./training/train.js";
