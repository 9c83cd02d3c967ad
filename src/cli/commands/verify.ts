import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { onDisk, writeAtomically } from "../../base/files.js";
import { builtIn } from "../../built-in/built-in.js";
import type { Run } from "../../config/expand.js";
import type { Experiment } from "../../config/load.js";
import { executeExperiment } from "../../execution/experiment.js";
import { availableRegistry } from "../../registry/plugins.js";
import { experimentDirectories, readExperiment, recordedPlugins } from "../../report/experiment-results.js";
import { isSettled } from "../../results/manifest.js";
import { type Check, checksOf, type Verified, verifiedOf } from "../../verification/check.js";
import { countsText, junit, markdownSummary } from "../../verification/formats.js";
import { readReference } from "../../verification/reference.js";
import { referenceChecks } from "../../verification/reference-check.js";
import { writeReference } from "../../verification/reference-writer.js";
import { repetitionChecks } from "../../verification/repetition.js";
import { selfChecks } from "../../verification/self-check.js";
import { tellBugs, tellFailures } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { checkedOptions, jobsOption, outOption } from "../options.js";
import { print, printJson, printText } from "../output.js";
import { createProgress, type Progress } from "../progress.js";
import { reportOn } from "../report-on.js";
import { table } from "../table.js";
import { type Line, type Tone, toned } from "../tone.js";
import { loadAll } from "./run.js";

const optionsSchema = z.object({
  out: outOption,
  references: z.string(),
  set: z.array(z.string()).default([]),
  backend: z.string().optional(),
  jobs: jobsOption,
  escapeFormulas: z.boolean().default(false),
  update: z.boolean().default(false),
  twice: z.boolean().default(false),
  junit: z.string().optional(),
  github: z.boolean().default(false),
  all: z.boolean().default(false),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const isDirectory = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Results as they lie there; a run that is missing counts as failed. */
async function existing(directory: string, announce: (line: string) => void): Promise<Verified> {
  const registry = await availableRegistry(builtIn, recordedPlugins(directory), announce);
  const { name, manifests, findings, bounds, missing } = readExperiment(directory, registry.bounds);
  return {
    name,
    directory,
    registry,
    manifests,
    findings,
    bounds,
    failures: missing.map((label) => `${label}: has not been run`),
  };
}

interface Work {
  readonly options: Options;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Stack traces. */
  readonly bugs: string[];
}

/** The same runs again in a temporary directory, compared byte by byte. */
async function repeated(experiment: Experiment, runs: readonly Run[], first: Verified, work: Work): Promise<Check[]> {
  const out = mkdtempSync(join(tmpdir(), "run-experiment-"));
  try {
    const result = await executeExperiment(
      experiment,
      runs,
      { out, force: true, jobs: work.options.jobs, signal: work.signal },
      work.progress,
    );
    return work.signal.aborted ? [] : repetitionChecks(first, verifiedOf(first, result));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** What a new reference changes against the one that is there, one line a run. */
function changes(verified: Verified, directory: string): string[] {
  try {
    const reference = readReference(directory);
    if (!reference) return [`${verified.name}: first reference`];
    const failed = referenceChecks(verified, reference).filter(({ outcome }) => outcome === "failed");
    const lines = failed.map(({ name, detail }) => `${verified.name}: ${name}: ${detail}`);
    return lines.length > 0 ? lines : [`${verified.name}: agrees with the reference that was there`];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return [`${verified.name}: ${error.message}`];
  }
}

function update(verified: Verified, { options, progress }: Work): void {
  const unfinished = verified.manifests.filter((manifest) => !isSettled(manifest)).length + verified.failures.length;
  if (unfinished > 0 || verified.manifests.length === 0) {
    throw new ExperimentError(
      `${verified.name}: ${unfinished} runs are not finished; a reference needs them all, so none was written`,
    );
  }
  const directory = join(options.references, verified.name);
  for (const line of changes(verified, directory)) progress.announce(line);
  writeReference(directory, verified);
}

async function checksOfConfigs(paths: readonly string[], work: Work): Promise<Check[]> {
  const { options, progress, signal } = work;
  const checks: Check[] = [];
  for (const { experiment, runs } of await loadAll(paths, options)) {
    const result = await executeExperiment(
      experiment,
      runs,
      { out: options.out, force: false, jobs: options.jobs, signal, escapeFormulas: options.escapeFormulas },
      progress,
    );
    work.bugs.push(...result.bugs);
    if (options.quiet) tellFailures([result]);
    if (signal.aborted) break;
    const unreported = await reportOn(result, experiment.registry, progress);
    if (options.quiet && unreported !== undefined) tellFailures([{ failures: [unreported] }]);
    const verified = verifiedOf(experiment, result);
    if (options.update) update(verified, work);
    checks.push(...checksOf(verified, join(options.references, verified.name)));
    if (options.twice) checks.push(...(await repeated(experiment, runs, verified, work)));
  }
  return checks;
}

async function checksOfResults(paths: readonly string[], work: Work): Promise<Check[]> {
  const { options, progress } = work;
  if (options.twice && paths.length > 0) {
    throw new ExperimentError(`--twice needs configs to run again; ${paths[0]} is a directory of results`);
  }
  const checks: Check[] = [];
  for (const directory of paths.flatMap(experimentDirectories)) {
    const verified = await existing(directory, (line) => progress.announce(line));
    if (options.update) update(verified, work);
    checks.push(...checksOf(verified, join(options.references, verified.name)));
  }
  return checks;
}

const tones: Readonly<Partial<Record<Check["outcome"], Tone>>> = { failed: "bad", passed: "good" };

/** That a check passed, or that a bound does not apply, is no news; that something else was left unchecked is. */
const isNews = ({ kind, outcome }: Check) => outcome === "failed" || (outcome !== "passed" && kind !== "bound");

/** What failed or was left unchecked, or with `--all` everything, and how many there are of each. */
function checkLines(checks: readonly Check[], all: boolean): Line[] {
  const shown = all ? checks : checks.filter(isNews);
  const rows = shown.map(({ experiment, kind, name, outcome, detail }) => {
    const tone = tones[outcome];
    const word = outcome === "failed" ? "FAILED" : outcome;
    return [tone ? toned(tone, word) : word, experiment, kind, name, detail];
  });
  const counts = `${countsText(checks)}${all || shown.length === checks.length ? "" : " (--all lists them)"}`;
  return [...table(["", "experiment", "kind", "check", "found"], rows), ...(rows.length > 0 ? [""] : []), counts];
}

function tellChecks(checks: readonly Check[], { json, quiet, all }: Options): void {
  if (json) printJson(checks);
  else if (!quiet) print(checkLines(checks, all));
  else {
    const failed = checks.filter(({ outcome }) => outcome === "failed");
    tellFailures([
      { failures: failed.map(({ experiment, kind, name, detail }) => `${experiment}: ${kind} ${name}: ${detail}`) },
    ]);
  }
}

function summarize(checks: readonly Check[], { junit: file, github }: Options): void {
  if (file !== undefined) writeAtomically(file, junit(checks));
  if (!github) return;
  const { GITHUB_STEP_SUMMARY: path } = process.env;
  if (path) onDisk("write", path, () => appendFileSync(path, markdownSummary(checks)));
  else printText(markdownSummary(checks));
}

/** Runs what is missing of these configs, and checks these and the results in these directories. */
export async function verify(paths: readonly string[], rawOptions: unknown): Promise<ExitReason> {
  const options = checkedOptions(optionsSchema, rawOptions);
  const work: Work = { options, progress: createProgress(options), signal: interruptSignal(), bugs: [] };
  const directories = paths.filter(isDirectory);
  const configs = paths.filter((path) => !directories.includes(path));
  const checks = [
    ...(await selfChecks()),
    ...(await checksOfConfigs(configs, work)),
    ...(await checksOfResults(directories, work)),
  ];
  if (work.signal.aborted) return "interrupted";
  tellChecks(checks, options);
  summarize(checks, options);
  tellBugs(work.bugs);
  if (work.bugs.length > 0) return "bug";
  return checks.some(({ outcome }) => outcome === "failed") ? "verificationFailed" : "ok";
}
