import { ExperimentError, messageOf } from "../errors.js";
import type { OptimizerConfig } from "../optimizers/optimizer.js";
import { problems } from "../problems/registry.js";
import { explain } from "./explain.js";
import { assign, type Experiment } from "./load.js";
import { type RunConfig, runSchema } from "./schema.js";
import { type Assignment, assignmentsOf, valuesOf } from "./sweep.js";

/** One cell of an experiment's matrix. */
export interface Run {
  /** Readable and unique within the experiment, e.g. "lars learningRate=0.1 seed=0". */
  readonly label: string;
  /** Label of its optimizer. */
  readonly optimizer: string;
  /** The swept paths and this run's values. */
  readonly axes: Assignment;
  readonly config: RunConfig;
  /** Where relative paths of the config start. */
  readonly directory: string;
}

function fail(experiment: Experiment, message: string): never {
  throw new ExperimentError(`${experiment.path}: ${message}`);
}

/** What the schema cannot say: fields that depend on each other. */
function checkTogether(config: RunConfig): string | undefined {
  if ((config.steps === undefined) === (config.epochs === undefined)) return "give either steps or epochs";
  const problem = problems.find(({ name }) => name === config.problem.name)!;
  if (problem.needsData && !config.data)
    return `data: problem ${problem.name} needs a data set, such as data: {name: mnist}`;
  if (!problem.needsData && config.data) return `data: problem ${problem.name} makes its own data; leave data out`;
  if (config.precision === "float32" && config.backend === "float64")
    return "precision float32 contradicts backend float64";
  if (config.precision === "float64" && config.backend !== "float64" && config.backend !== "auto") {
    return `precision float64 contradicts backend ${config.backend}, whose tensors are float32; use backend float64`;
  }
  return undefined;
}

function optimizerLabels(experiment: Experiment, entries: readonly unknown[]): string[] {
  const labels = entries.map((entry) => {
    const { label, name } = entry as OptimizerConfig;
    return label ?? name;
  });
  const duplicate = labels.find((label, i) => labels.indexOf(label) !== i);
  if (duplicate !== undefined) {
    fail(experiment, `optimizers: two are called "${duplicate}"; give each a label of its own`);
  }
  return labels;
}

const axisText = (axes: Assignment) =>
  Object.entries(axes).map(([path, value]) => {
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return `${path.split(".").at(-1)}=${text}`;
  });

/**
 * The runs of an experiment: every combination of its sweep, each optimizer with it, each seed with both.
 *
 * @throws ExperimentError naming the axis value, if one does not fit the schema, or if two runs are the same
 */
export function expand(experiment: Experiment): Run[] {
  const { raw, directory } = experiment;
  const { optimizer, optimizers, seeds: _1, sweep: _2, expect: _3, slurm: _4, $schema: _5, ...shared } = raw;
  const entries = (optimizers as unknown[] | undefined) ?? [optimizer];
  const labels = optimizerLabels(experiment, entries);
  const seeds = valuesOf(experiment.seeds);
  let assignments: Assignment[];
  try {
    assignments = assignmentsOf(experiment.sweep);
  } catch (error) {
    return fail(experiment, messageOf(error));
  }

  const runs = assignments.flatMap((axes) =>
    entries.flatMap((entry, i) =>
      seeds.map((seed): Run => {
        const cell = Object.entries(axes).reduce<Record<string, unknown>>(
          (config, [axis, value]) => assign(config, axis, value),
          { ...shared, optimizer: entry, seed },
        );
        const result = runSchema.safeParse(cell);
        const label = [labels[i]!, ...axisText(axes), `seed=${seed}`].join(" ");
        if (!result.success) {
          const cause = Object.keys(axes).length > 0 ? ` (in the run ${label})` : "";
          return fail(experiment, explain(result.error.issues, runSchema, cell) + cause);
        }
        const config = result.data as unknown as RunConfig;
        const contradiction = checkTogether(config);
        if (contradiction) fail(experiment, contradiction);
        return { label, optimizer: labels[i]!, axes, config, directory };
      }),
    ),
  );
  const seen = new Set<string>();
  for (const { label } of runs) {
    if (seen.has(label))
      fail(experiment, `the run "${label}" occurs twice; a seed or a sweep value is listed more than once`);
    seen.add(label);
  }
  if (runs.length === 0) fail(experiment, "the sweep has no values, so there is nothing to run");
  return runs;
}
