import type { z } from "zod";
import { ExperimentError, messageOf } from "../base/errors.js";
import { explain, suggestion } from "../base/explain.js";
import { isObject } from "../base/path.js";
import type { OptimizerConfig } from "../optimizers/optimizer.js";
import { assign } from "./assign.js";
import { Fingerprints } from "./fingerprints.js";
import { type Experiment, needsTarget } from "./load.js";
import { type ConfigSchemas, configSchemas, type RunConfig } from "./schema.js";
import { type Assignment, assignmentsOf, countAssignments, countOf, pathsOf, valuesOf } from "./sweep.js";
import { trialsOf } from "./trials.js";

/** Which trial of a search a run belongs to: all of its seeds do. */
export interface Trial {
  /** The optimizer and its cell of the sweep, whose trials are compared with each other: "lars batchSize=64". */
  readonly among: string;
  /** From 0. */
  readonly index: number;
}

/** One cell of an experiment's matrix. */
export interface Run {
  /** Readable and unique within the experiment, e.g. "lars learningRate=0.1 seed=0". */
  readonly label: string;
  /** Label of its optimizer. */
  readonly optimizer: string;
  /** The paths that are swept or searched over, and this run's values. */
  readonly axes: Assignment;
  readonly trial?: Trial | undefined;
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
  if (!problem.needsData && !problem.predicts && config.data)
    return `data: problem ${problem.name} makes its own data; leave data out`;
  if (config.data?.augment !== undefined && config.batchSize === "full")
    return "data.augment: full batches take every image as it is; set batchSize, or leave augment out";
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
  const trials = experiment.search?.trials;
  const total = assignments * (optimizers?.length ?? 1) * (trials ?? 1) * seeds;
  if (total === 0) fail(experiment, "the sweep has no values, so there is nothing to run");
  if (total > mostRuns) {
    const factors = [
      String(assignments),
      `${optimizers?.length ?? 1} optimizers`,
      ...(trials === undefined ? [] : [`${trials} trials`]),
      `${seeds} seeds`,
    ];
    const makers = trials === undefined ? "the sweep and the seeds make" : "the sweep, the search and the seeds make";
    fail(experiment, `${makers} ${total} runs (${factors.join(" × ")}); expected at most ${mostRuns}`);
  }
  return total;
}

/** One of an optimizer's trials, if there is a search; else the only one, which changes nothing. */
interface Tried {
  readonly index?: number;
  readonly axes: Assignment;
}

/** The trials of each optimizer. */
function triedBy(experiment: Experiment, labels: readonly string[]): readonly (readonly Tried[])[] {
  const { search, sweep } = experiment;
  if (!search) return labels.map(() => [{ axes: {} }]);
  const unknown = Object.keys(search.perOptimizer).find((label) => !labels.includes(label));
  if (unknown !== undefined) {
    fail(
      experiment,
      `search.perOptimizer: there is no optimizer "${unknown}"; expected ${labels.join(", ")}.${suggestion(unknown, labels)}`,
    );
  }
  const swept = pathsOf(sweep);
  return labels.map((label) => {
    try {
      const trials = trialsOf(search, label);
      const twice = Object.keys(trials[0]!).find((path) => swept.includes(path));
      if (twice !== undefined) throw new RangeError(`search: ${twice} is swept too; leave it out of one of them`);
      return trials.map((axes, index) => ({ index, axes }));
    } catch (error) {
      return fail(experiment, messageOf(error));
    }
  });
}

/** Checks cells of a matrix; what a cell shares with the one before is not checked again. */
class CellReader {
  private readonly fields: readonly (readonly [string, z.ZodType])[];
  private readonly names: ReadonlySet<string>;
  private readonly raw: unknown[];
  private readonly parsed: unknown[];

  constructor({ shape }: ConfigSchemas["run"]) {
    this.fields = Object.entries<z.ZodType>(shape);
    this.names = new Set(Object.keys(shape));
    this.raw = this.fields.map(() => this);
    this.parsed = this.fields.map(() => undefined);
  }

  /** The cell with its defaults; undefined if something in it is wrong. */
  read(cell: Record<string, unknown>): RunConfig | undefined {
    for (const key in cell) if (!this.names.has(key)) return undefined;
    const config: Record<string, unknown> = {};
    for (const [i, [key, schema]] of this.fields.entries()) {
      if (this.raw[i] !== cell[key]) {
        const result = schema.safeParse(cell[key]);
        if (!result.success) return undefined;
        this.raw[i] = cell[key];
        this.parsed[i] = result.data;
      }
      if (this.parsed[i] !== undefined) config[key] = this.parsed[i];
    }
    return config as unknown as RunConfig;
  }
}

/** All seeds of one optimizer with one combination of the sweep and one trial of the search. */
interface Configuration {
  /** Place of its optimizer. */
  readonly entry: number;
  readonly axes: Assignment;
  /** The label of its runs, without their seeds. */
  readonly label: string;
  readonly trial?: Trial | undefined;
}

function* configurationsOf(experiment: Experiment, labels: readonly string[]): Generator<Configuration> {
  const tried = triedBy(experiment, labels);
  for (const swept of assignmentsOf(experiment.sweep)) {
    for (const number of tried[0]!.keys()) {
      for (const [entry, optimizer] of labels.entries()) {
        const { index, axes } = tried[entry]![number]!;
        const among = [optimizer, ...axisText(swept)].join(" ");
        yield {
          entry,
          axes: { ...swept, ...axes },
          label: [among, ...axisText(axes)].join(" "),
          trial: index === undefined ? undefined : { among, index },
        };
      }
    }
  }
}

/** What `stop` says of a run: the experiment's target is spelled out where it ends the run, and so part of its identity. */
function stopAt(experiment: Experiment, stop: Readonly<Record<string, unknown>>, target: unknown) {
  const { atTarget, ...others } = stop;
  if (typeof atTarget !== "boolean") return stop;
  if (!atTarget) return others;
  if (target === undefined) fail(experiment, `stop.atTarget ${needsTarget}`);
  return { ...others, atTarget: target };
}

function* cellsOf(experiment: Experiment): Generator<Run> {
  const { raw, directory } = experiment;
  const {
    optimizer,
    optimizers,
    seeds: _1,
    sweep: _2,
    search: _8,
    expect: _3,
    objective: _7,
    target,
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
  for (const { entry, axes, label: prefix, trial } of configurationsOf(experiment, labels)) {
    const cell = Object.entries(axes).reduce<Record<string, unknown>>(
      (config, [axis, value]) => assign(config, axis, value),
      { ...shared, optimizer: entries[entry] },
    );
    if (isObject(cell.stop)) cell.stop = stopAt(experiment, cell.stop, target);
    for (const seed of seeds) {
      const seeded = { ...cell, seed };
      const label = `${prefix} seed=${seed}`;
      const config = reader.read(seeded);
      if (!config) {
        const cause = Object.keys(axes).length > 0 ? ` (in the run ${label})` : "";
        const { error } = runSchema.safeParse(seeded);
        fail(experiment, explain(error!.issues, runSchema, seeded).join("; ") + cause);
      }
      const contradiction = checkTogether(experiment, config!);
      if (contradiction) fail(experiment, contradiction);
      yield { label, optimizer: labels[entry]!, axes, ...(trial && { trial }), config: config!, directory };
    }
  }
}

/** Whether one of the first `count` runs has this label. */
function isAmongFirst(count: number, label: string, experiment: Experiment): boolean {
  let i = 0;
  for (const other of cellsOf(experiment)) {
    if (i++ === count) return false;
    if (other.label === label) return true;
  }
  return false;
}

/**
 * The runs of an experiment, one after the other: every combination of its sweep, every trial of its search in it, each
 * optimizer with these, each seed with all. None is kept.
 *
 * @throws ExperimentError naming the axis value, if one does not fit the schema, or if two runs are the same
 */
export function* runsOf(experiment: Experiment): Generator<Run> {
  countRuns(experiment);
  const seen = new Fingerprints();
  let count = 0;
  for (const run of cellsOf(experiment)) {
    if (seen.add(run.label) && isAmongFirst(count, run.label, experiment)) {
      fail(experiment, `the run "${run.label}" occurs twice; a seed or a sweep value is listed more than once`);
    }
    count += 1;
    yield run;
  }
}

/** All runs of an experiment at once. */
export const expand = (experiment: Experiment): Run[] => [...runsOf(experiment)];
