/**
 * The public API: what the command line is made of, and what rules, problems, data sets, bounds and figures are written
 * with.
 *
 * @module run-experiment
 */

export { exitCodes } from "./base/errors.js";
export type { Verdict } from "./bounds/bound.js";
export { type BoundWatch, selectedBounds, watchBounds } from "./bounds/verdict.js";
export { builtIn } from "./built-in/built-in.js";
export { backendNames, type StartedBackend, startBackend } from "./compute/backends.js";
export { float64 } from "./compute/float64.js";
export { expand, type Run } from "./config/expand.js";
export { type Experiment, experimentOf, loadExperiment, type Override } from "./config/load.js";
export { configSchemas, type RunConfig } from "./config/schema.js";
export { boundContext } from "./execution/bound-context.js";
export { type ExecutionOptions, type ExperimentResult, executeExperiment } from "./execution/experiment.js";
export {
  type ExperimentRecord,
  type RunExperimentOptions,
  type RunResult,
  runExperiment,
} from "./execution/run-experiment.js";
export { createOptimizer, type Optimizer, type OptimizerConfig, optimizerSchema } from "./optimizers/optimizer.js";
export { learningRateOf, learningRateSchema } from "./optimizers/schedules/learning-rate.js";
export { TensorFlowOptimizer, type TensorFlowOptions, tensorFlowOptimizer } from "./optimizers/tensorflow-optimizer.js";
export * from "./plugin.js";
export { loadPlugins, withOwn } from "./registry/plugins.js";
export type { Definition, PluginReference, Registry } from "./registry/registry.js";
export { type Manifest, readManifest } from "./results/manifest.js";
export * from "./tensorflow.js";
export { type Training, type TrainingEnd, train } from "./training/train.js";
