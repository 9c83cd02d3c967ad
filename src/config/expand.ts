import type { z } from "zod";
import { ExperimentError, messageOf } from "../errors.js";
import type { OptimizerConfig } from "../optimizers/optimizer.js";
import { assign } from "./assign.js";
import { explain } from "./explain.js";
import type { Experiment } from "./load.js";
import { type ConfigSchemas, configSchemas, type RunConfig } from "./schema.js";
import { type Assignment, assignmentsOf, countAssignments, countOf, valuesOf } from "./sweep.js";

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
function checkTogether({ registry }: Experiment, config: RunConfig): string | undefined {
  if ((config.steps === undefined) === (config.epochs === undefined)) return "give either steps or epochs";
  const problem = registry.problems.find(({ name }) => name === config.problem.name)!;
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

/** Each has a directory of its own; more are a slip of the keyboard. */
const mostRuns = 1_000_000;

/**
 * How many runs an experiment has, told from the lengths of its axes alone.
 *
 * @throws ExperimentError if zipped axes differ in length, or there are none or too many
 */
export function countRuns(experiment: Experiment): number {
  const { optimizers } = experiment.raw as { optimizers?: readonly unknown[] };
  let assignments: number;
  try {
    assignments = countAssignments(experiment.sweep);
  } catch (error) {
    return fail(experiment, messageOf(error));
  }
  const seeds = countOf(experiment.seeds);
  const total = assignments * (optimizers?.length ?? 1) * seeds;
  if (total === 0) fail(experiment, "the sweep has no values, so there is nothing to run");
  if (total > mostRuns) {
    fail(
      experiment,
      `the sweep and the seeds make ${total} runs (${assignments} × ${optimizers?.length ?? 1} optimizers × ${seeds} seeds); expected at most ${mostRuns}`,
    );
  }
  return total;
}

/** Checks cells of a matrix; what a cell shares with the one before is not checked again. */
class CellReader {
  private raw: Record<string, unknown> = {};
  private parsed: Record<string, unknown> = {};

  constructor(private readonly schema: ConfigSchemas["run"]) {}

  /** The cell with its defaults; undefined if something in it is wrong. */
  read(cell: Record<string, unknown>): RunConfig | undefined {
    const fields = this.schema.shape as Readonly<Record<string, z.ZodType>>;
    const parsed: Record<string, unknown> = {};
    for (const key of Object.keys(cell)) if (!(key in fields)) return undefined;
    for (const [key, schema] of Object.entries(fields)) {
      if (key in this.raw && this.raw[key] === cell[key]) {
        if (key in this.parsed) parsed[key] = this.parsed[key];
        continue;
      }
      const result = schema.safeParse(cell[key]);
      if (!result.success) return undefined;
      if (result.data !== undefined) parsed[key] = result.data;
    }
    this.raw = { ...Object.fromEntries(Object.keys(fields).map((key) => [key, undefined])), ...cell };
    this.parsed = parsed;
    return parsed as unknown as RunConfig;
  }
}

/**
 * The runs of an experiment, one after the other: every combination of its sweep, each optimizer with it, each seed with
 * both.
 *
 * @throws ExperimentError naming the axis value, if one does not fit the schema, or if two runs are the same
 */
export function* runsOf(experiment: Experiment): Generator<Run> {
  countRuns(experiment);
  const { raw, directory } = experiment;
  const {
    optimizer,
    optimizers,
    seeds: _1,
    sweep: _2,
    expect: _3,
    slurm: _4,
    $schema: _5,
    plugins: _6,
    ...shared
  } = raw;
  const entries = (optimizers as unknown[] | undefined) ?? [optimizer];
  const labels = optimizerLabels(experiment, entries);
  const seeds = valuesOf(experiment.seeds);
  const { run: runSchema } = configSchemas(experiment.registry);
  const reader = new CellReader(runSchema);
  const seen = new Set<string>();
  for (const axes of assignmentsOf(experiment.sweep)) {
    for (const [i, entry] of entries.entries()) {
      const cell = Object.entries(axes).reduce<Record<string, unknown>>(
        (config, [axis, value]) => assign(config, axis, value),
        { ...shared, optimizer: entry },
      );
      for (const seed of seeds) {
        const seeded = { ...cell, seed };
        const label = [labels[i]!, ...axisText(axes), `seed=${seed}`].join(" ");
        const config = reader.read(seeded);
        if (!config) {
          const cause = Object.keys(axes).length > 0 ? ` (in the run ${label})` : "";
          const { error } = runSchema.safeParse(seeded);
          fail(experiment, explain(error!.issues, runSchema, seeded) + cause);
        }
        const contradiction = checkTogether(experiment, config!);
        if (contradiction) fail(experiment, contradiction);
        if (seen.has(label)) {
          fail(experiment, `the run "${label}" occurs twice; a seed or a sweep value is listed more than once`);
        }
        seen.add(label);
        yield { label, optimizer: labels[i]!, axes, config: config!, directory };
      }
    }
  }
}

/** All runs of an experiment at once. */
export const expand = (experiment: Experiment): Run[] => [...runsOf(experiment)];
