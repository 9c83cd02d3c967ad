import { ExperimentError } from "../base/errors.js";
import type { Verdict } from "../bounds/bound.js";
import { type BoundWatch, selectedBounds, watchBounds } from "../bounds/verdict.js";
import { builtIn } from "../built-in/built-in.js";
import { float64 } from "../compute/float64.js";
import { expand } from "../config/expand.js";
import { experimentOf, loadExperiment } from "../config/load.js";
import { configPath } from "../config/shipped.js";
import { withOwn } from "../registry/plugins.js";
import type { Definition } from "../registry/registry.js";
import type { Outcome } from "../results/manifest.js";
import { OutcomeReader } from "../results/outcome.js";
import type { StepRecord } from "../training/record.js";
import { type TrainingEnd, train } from "../training/train.js";
import { boundContext } from "./bound-context.js";
import { type PreparedRun, prepareRun } from "./plan.js";
import { Resources } from "./resources.js";
import { type Computation, samplerOf, trainingOf } from "./training.js";

export interface RunExperimentOptions {
  /** Rules, problems, data sets, schedules and bounds of one's own that the config may name. */
  readonly definitions?: readonly Definition[];
  /** Where relative paths of a config given as an object start; default: the working directory. */
  readonly directory?: string;
  /** Prints one line for the user: the backend that is used, a fallback that is taken. Default: nothing is printed. */
  readonly announce?: (line: string) => void;
  /** Told what each run came to. */
  readonly onResult?: (result: RunResult) => void;
  /** Ends the experiment after the step in progress. */
  readonly signal?: AbortSignal;
}

/** A record with the label of its run, e.g. "lars learningRate=0.1 seed=0". */
export type ExperimentRecord = StepRecord & { readonly run: string };

/** What one run came to. */
export interface RunResult {
  readonly run: string;
  readonly end: TrainingEnd;
  readonly outcome: Outcome;
  /** How the bounds ended, by name. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

async function* records<V, S>(
  prepared: PreparedRun,
  computation: Computation<V, S>,
  bounds: BoundWatch,
  signal: AbortSignal | undefined,
): AsyncGenerator<ExperimentRecord, RunResult> {
  const { label: run } = prepared.run;
  const outcome = new OutcomeReader();
  const training = train({
    ...trainingOf(prepared, computation, bounds),
    sampler: samplerOf(prepared),
    signal,
  });
  try {
    for (;;) {
      const { value, done } = await training.next();
      if (done) return { run, end: value, outcome: outcome.result(value.steps), verdicts: bounds.verdicts() };
      outcome.observe(value);
      bounds.observe(value);
      if (value.traced) yield { ...value, run };
    }
  } finally {
    await training.return({ outcome: "interrupted", steps: 0 });
  }
}

/**
 * Runs an experiment in this process, one run after the other, and yields the traced records. Nothing is written.
 *
 *     for await (const { run, step, loss } of runExperiment("lars-mnist")) console.log(run, step, loss);
 *
 * @param config path of a config file, name of one that comes with the tool, or what one would hold
 * @returns what each run came to
 * @throws ExperimentError if the config is wrong, or a run cannot be made
 */
export async function* runExperiment(
  config: string | Readonly<Record<string, unknown>>,
  options: RunExperimentOptions = {},
): AsyncGenerator<ExperimentRecord, RunResult[]> {
  const { definitions = [], directory = process.cwd(), announce = () => {}, onResult, signal } = options;
  const registry = withOwn(builtIn, definitions);
  const experiment =
    typeof config === "string"
      ? await loadExperiment(configPath(config), registry)
      : await experimentOf(config, directory, registry);
  if (experiment.search?.successiveHalving) {
    throw new ExperimentError(
      `${experiment.path}: search.successiveHalving: runs go on from files, and nothing is written here; leave it out, or use executeExperiment`,
    );
  }
  const resources = new Resources(announce);
  const results: RunResult[] = [];
  for (const run of expand(experiment)) {
    if (signal?.aborted) break;
    const prepared = await prepareRun(run, experiment.registry, resources);
    const { problem, precision, backend } = prepared;
    const bounds = watchBounds(selectedBounds(experiment.registry.bounds, run.config.bounds), boundContext(prepared));
    let result: RunResult;
    if (precision === "float64") {
      const computation = { algebra: float64, objective: problem.onHost!(float64) };
      result = yield* records(prepared, computation, bounds, signal);
    } else {
      const { algebra } = await resources.backend(backend.name);
      const computation = { algebra, objective: await problem.onTensors(algebra) };
      result = yield* records(prepared, computation, bounds, signal);
    }
    onResult?.(result);
    results.push(result);
  }
  return results;
}
