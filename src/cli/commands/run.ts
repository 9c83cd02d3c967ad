import { join } from "node:path";
import { z } from "zod";
import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { builtIn } from "../../built-in/built-in.js";
import { compare } from "../../comparison/compare.js";
import { countRuns, expand, type Run, runsOf } from "../../config/expand.js";
import { type Experiment, loadExperiment, type Override } from "../../config/load.js";
import { configPath } from "../../config/shipped.js";
import { type ExperimentResult, executeExperiment } from "../../execution/experiment.js";
import { executeExtending } from "../../execution/extend.js";
import { withRecordedExtension } from "../../execution/recorded-extension.js";
import { comparisonJson, comparisonLines } from "../comparison.js";
import { tellBugs, tellFailures } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { batchRunsOption, checkedOptions, jobsOption, outOption } from "../options.js";
import { print, printJson, printJsonPieces, printLines } from "../output.js";
import { createProgress } from "../progress.js";
import { reportOn } from "../report-on.js";
import { findingsTable, flagLines, mostRunsShown, runLines, targetLines } from "../runs.js";
import type { Line } from "../tone.js";

/** The options of `run-experiment run`, as commander delivers them. */
const optionsSchema = z.object({
  out: outOption,
  set: z.array(z.string()).default([]),
  sweep: z.array(z.string()).default([]),
  seed: z.array(z.string()).optional(),
  backend: z.string().optional(),
  dryRun: z.boolean().default(false),
  force: z.boolean().default(false),
  escapeFormulas: z.boolean().default(false),
  jobs: jobsOption,
  batchRuns: batchRunsOption,
  executor: z.enum(["local", "slurm"]).default("local"),
  attach: z.boolean().default(false),
  cancel: z.boolean().default(false),
  shard: z
    .string()
    .regex(/^[1-9]\d*\/[1-9]\d*$/, "expected i/n, such as 2/8 for the second of eight parts")
    .transform((text) => {
      const [index, of] = text.split("/").map(Number) as [number, number];
      return { index, of };
    })
    .refine(({ index, of }) => index <= of, "i/n: i must be at most n")
    .optional(),
  extend: z.boolean().default(false),
  all: z.boolean().default(false),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;
type ConfigOptions = Pick<Options, "out" | "set" | "seed" | "backend"> & Partial<Pick<Options, "sweep">>;

function overridesOf({ set, seed, backend }: ConfigOptions): Override[] {
  const assignments = [
    ...set,
    ...(seed ? [`seeds=[${seed.join(", ")}]`] : []),
    ...(backend === undefined ? [] : [`backend=${backend}`]),
  ];
  return assignments.map((assignment) => {
    const separator = assignment.indexOf("=");
    if (separator < 1) {
      throw new ExperimentError(`--set ${assignment}: expected path=value, such as optimizer.momentum=0.9`);
    }
    return { path: assignment.slice(0, separator), text: assignment.slice(separator + 1) };
  });
}

export interface Loaded {
  readonly experiment: Experiment;
  readonly runs: Run[];
}

/**
 * All configs are read and checked before the first of them is run. Sweeps that were extended when they were run before
 * go as far.
 */
export async function loadExperiments(paths: readonly string[], options: ConfigOptions): Promise<Experiment[]> {
  const overrides = overridesOf(options);
  const loaded: Experiment[] = [];
  for (const path of paths) {
    const experiment = await loadExperiment(configPath(path), builtIn, overrides, options.sweep);
    loaded.push(withRecordedExtension(experiment, options.out));
  }
  for (const [i, { name, path }] of loaded.entries()) {
    const other = loaded.findIndex((one) => one.name === name);
    if (other !== i) {
      throw new ExperimentError(
        `${path}: name: ${loaded[other]!.path} is called "${name}" too; give each experiment a name of its own`,
      );
    }
  }
  return loaded;
}

export const loadAll = async (paths: readonly string[], options: ConfigOptions): Promise<Loaded[]> =>
  (await loadExperiments(paths, options)).map((experiment) => ({ experiment, runs: expand(experiment) }));

function* dryRunJson(experiments: readonly Experiment[]): Generator<string> {
  const nested = (value: unknown, indent: string) => JSON.stringify(value, null, 2).replaceAll("\n", `\n${indent}`);
  let between = "[\n";
  for (const experiment of experiments) {
    const { name, path, notes } = experiment;
    const facts = Object.entries({ name, path, notes }).map(
      ([key, value]) => `    "${key}": ${nested(value, "    ")},\n`,
    );
    yield `${between}  {\n${facts.join("")}    "runs": [`;
    between = "\n";
    for (const { label, config } of runsOf(experiment)) {
      yield `${between}      ${nested({ label, config }, "      ")}`;
      between = ",\n";
    }
    yield "\n    ]\n  }";
  }
  yield "\n]\n";
}

function* dryRunText(experiments: readonly Experiment[]): Generator<string> {
  for (const experiment of experiments) {
    const count = countRuns(experiment);
    let heading = true;
    for (const { label, config } of runsOf(experiment)) {
      if (heading) {
        yield `${experiment.path}: ${experiment.name}, ${count} run${count === 1 ? "" : "s"}`;
        for (const note of experiment.notes) yield `note: ${note}`;
        yield* JSON.stringify(config, null, 2).split("\n");
      }
      heading = false;
      yield `  ${label}`;
    }
  }
}

function linesOf(result: ExperimentResult, { registry, search }: Experiment, all: boolean): Line[] {
  const { directory, manifests, objective, target, skipped, interrupted, findings } = result;
  const comparison = compare(manifests, objective, registry, search);
  const compared =
    manifests.length > mostRunsShown && !all ? comparisonLines(comparison) : runLines(manifests, comparison);
  const remarks = [...targetLines(target, manifests), ...flagLines(manifests)];
  return [
    ...(compared.length > 0 ? ["", ...compared] : []),
    "",
    ...(remarks.length > 0 ? [...remarks, ""] : []),
    ...(findings.length > 0 ? [...findingsTable(findings), ""] : []),
    ...(skipped > 0 ? [`${skipped} of the runs had been made before and were kept; --force makes them again`] : []),
    ...(interrupted ? ["interrupted: what was finished is kept; the same command goes on with the rest"] : []),
    `results: ${join(directory, "report.html")}, ${join(directory, "summary.csv")} and ${join(directory, "runs", manifests.length === 1 ? manifests[0]!.id : "")}`,
  ];
}

const jsonResult = ({ manifests, ...facts }: ExperimentResult, { registry, search }: Experiment) => ({
  ...facts,
  comparison: comparisonJson(compare(manifests, facts.objective, registry, search)),
  runs: manifests.map(({ id, label, status, stopReason, warnings, outcome, toTarget, verdicts, wallSeconds }) => ({
    id,
    label,
    status,
    stopReason,
    warnings,
    ...outcome,
    toTarget,
    verdicts,
    wallSeconds,
  })),
});

const executeOnce: typeof executeExtending = async (experiment, runs, options, observer) => ({
  experiment,
  result: await executeExperiment(experiment, runs, options, observer),
});

/**
 * Runs the experiments of these configs.
 *
 * @returns why the process is to exit with another code than 0, if at all
 */
export async function run(paths: readonly string[], rawOptions: unknown): Promise<ExitReason> {
  const options = checkedOptions(optionsSchema, rawOptions);
  if (options.dryRun) {
    const experiments = await loadExperiments(paths, options);
    await (options.json ? printJsonPieces(dryRunJson(experiments)) : printLines(dryRunText(experiments)));
    return "ok";
  }
  const loaded = await loadAll(paths, options);

  const progress = createProgress(options);
  const signal = interruptSignal();
  const results: { readonly result: ExperimentResult; readonly experiment: Experiment }[] = [];
  const { out, force, jobs, batchRuns, shard, executor, attach, cancel, escapeFormulas, extend, quiet, json, all } =
    options;
  if (extend && shard) {
    throw new ExperimentError(
      "--extend: it goes by the results of all runs; leave --shard out, and extend when all are made",
    );
  }
  if (executor !== "slurm" && (attach || cancel)) {
    throw new ExperimentError("--attach and --cancel: they belong to --executor slurm");
  }
  if (executor === "slurm" && typeof batchRuns === "number") {
    throw new ExperimentError(
      "--batch-runs: on Slurm each run is a task of its own; leave --batch-runs or --executor out",
    );
  }
  const slurm = executor === "slurm" ? { attach, cancel } : undefined;
  const execute = extend ? executeExtending : executeOnce;
  for (const { experiment: configured, runs } of loaded) {
    for (const note of configured.notes) progress.announce(`note: ${note}`);
    const execution = { out, force, jobs, batchRuns, shard, slurm, signal, escapeFormulas };
    const { experiment, result: made } = await execute(configured, runs, execution, progress);
    const unreported = await reportOn(made, experiment.registry, progress);
    const result = unreported === undefined ? made : { ...made, failures: [...made.failures, unreported] };
    results.push({ result, experiment });
    if (!json && !quiet) print(linesOf(result, experiment, all));
    if (signal.aborted) break;
  }
  if (json) printJson(results.map(({ result, experiment }) => jsonResult(result, experiment)));
  if (signal.aborted) return "interrupted";
  const ended = results.map(({ result }) => result);
  const bugs = ended.flatMap((result) => result.bugs);
  if (quiet) tellFailures(ended);
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return ended.some(({ failures }) => failures.length > 0) ? "runFailed" : "ok";
}
