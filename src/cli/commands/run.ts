import { join } from "node:path";
import { z } from "zod";
import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { builtIn } from "../../built-in/built-in.js";
import { type RunColumn, runColumns } from "../../comparison/run-columns.js";
import { countRuns, expand, type Run, runsOf } from "../../config/expand.js";
import { type Experiment, loadExperiment, type Override } from "../../config/load.js";
import { configPath } from "../../config/shipped.js";
import { type ExperimentResult, executeExperiment } from "../../execution/experiment.js";
import type { Finding } from "../../expectations/evaluate.js";
import type { Manifest, Quantity } from "../../results/manifest.js";
import { outcomeOf } from "../../results/quantities.js";
import { tellBugs, tellFailures } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { checkedOptions, jobsOption, outOption } from "../options.js";
import { print, printJson, printJsonPieces, printLines } from "../output.js";
import { createProgress } from "../progress.js";
import { reportOn } from "../report-on.js";
import { duration, percent, short, table } from "../table.js";

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
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;
type ConfigOptions = Pick<Options, "set" | "seed" | "backend"> & Partial<Pick<Options, "sweep">>;

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

/** All configs are read and checked before the first of them is run. */
export async function loadExperiments(paths: readonly string[], options: ConfigOptions): Promise<Experiment[]> {
  const overrides = overridesOf(options);
  const loaded: Experiment[] = [];
  for (const path of paths) loaded.push(await loadExperiment(configPath(path), builtIn, overrides, options.sweep));
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

/** "6 held", or what was violated first. */
function boundsText({ verdicts = {} }: Manifest): string {
  const names = (outcome: string) => Object.keys(verdicts).filter((name) => verdicts[name]!.outcome === outcome);
  const [violated, held] = [names("violated"), names("held")];
  if (violated.length > 0) return `VIOLATED: ${violated.join(", ")}`;
  return held.length > 0 ? `${held.length} held` : "";
}

const isShare = (quantity: Quantity) => quantity.endsWith("Accuracy");

function row(manifest: Manifest, columns: readonly RunColumn[]): string[] {
  const { label, status, stopReason, outcome, wallSeconds } = manifest;
  const { normRatio } = outcome ?? {};
  return [
    label,
    stopReason && status !== "interrupted" ? stopReason : status,
    ...columns.map(({ kind, quantity }) => (isShare(quantity) ? percent : short)(outcomeOf(manifest, kind, quantity))),
    normRatio ? `${short(normRatio.smallest)} – ${short(normRatio.largest)}` : "",
    boundsText(manifest),
    duration(wallSeconds),
  ];
}

function findingsTable(findings: readonly Finding[]): string[] {
  const rows = findings.map(({ met, claim, expected, measured }) => [
    met ? "met" : "NOT MET",
    claim,
    expected,
    measured,
  ]);
  return table(["expectation", "claim", "expected", "measured"], rows);
}

function printResult({ directory, manifests, objective, skipped, interrupted, findings }: ExperimentResult): void {
  const columns = runColumns(objective, manifests);
  const header = ["run", "status", ...columns.map(({ title }) => title), "norm ratio", "bounds", "time"];
  const runs = table(
    header,
    manifests.map((manifest) => row(manifest, columns)),
  );
  const lines = [
    ...(runs.length > 0 ? ["", ...runs] : []),
    "",
    ...(findings.length > 0 ? [...findingsTable(findings), ""] : []),
    ...(skipped > 0 ? [`${skipped} of the runs had been made before and were kept; --force makes them again`] : []),
    ...(interrupted ? ["interrupted: what was finished is kept; the same command goes on with the rest"] : []),
    `results: ${join(directory, "report.html")}, ${join(directory, "summary.csv")} and ${join(directory, "runs", manifests.length === 1 ? manifests[0]!.id : "")}`,
  ];
  print(lines);
}

const jsonResult = ({ manifests, ...facts }: ExperimentResult) => ({
  ...facts,
  runs: manifests.map(({ id, label, status, stopReason, outcome, verdicts, wallSeconds }) => ({
    id,
    label,
    status,
    stopReason,
    ...outcome,
    verdicts,
    wallSeconds,
  })),
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
  const results: ExperimentResult[] = [];
  const { out, force, jobs, shard, executor, attach, cancel, escapeFormulas } = options;
  if (executor !== "slurm" && (attach || cancel)) {
    throw new ExperimentError("--attach and --cancel: they belong to --executor slurm");
  }
  const slurm = executor === "slurm" ? { attach, cancel } : undefined;
  for (const { experiment, runs } of loaded) {
    for (const note of experiment.notes) progress.announce(`note: ${note}`);
    const execution = { out, force, jobs, shard, slurm, signal, escapeFormulas };
    const made = await executeExperiment(experiment, runs, execution, progress);
    const unreported = await reportOn(made, experiment.registry, progress);
    const result = unreported === undefined ? made : { ...made, failures: [...made.failures, unreported] };
    results.push(result);
    if (!options.json) printResult(result);
    if (signal.aborted) break;
  }
  if (options.json) printJson(results.map(jsonResult));
  if (signal.aborted) return "interrupted";
  const bugs = results.flatMap((result) => result.bugs);
  if (options.quiet) tellFailures(results);
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return results.some(({ failures }) => failures.length > 0) ? "runFailed" : "ok";
}
