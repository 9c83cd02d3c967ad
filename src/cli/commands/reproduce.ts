import { readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { z } from "zod";
import { expand } from "../../config/expand.js";
import { explain, suggestion } from "../../config/explain.js";
import { loadExperiment } from "../../config/load.js";
import { shippedDirectory } from "../../config/shipped.js";
import { type ExitReason, ExperimentError } from "../../errors.js";
import { executeExperiment } from "../../execution/experiment.js";
import {
  claimsCsv,
  claimsMarkdown,
  claimsOf,
  type ExperimentClaims,
  failuresIn,
  tally,
} from "../../expectations/claims.js";
import { packageDirectory } from "../../package-directory.js";
import { writeAtomically } from "../../results/files.js";
import { tellBugs, tellFailures } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { jobsOption, outOption } from "../options.js";
import { createProgress } from "../progress.js";
import { reportOn } from "../report-on.js";
import { table } from "../table.js";
import type { Loaded } from "./run.js";

const optionsSchema = z.object({
  out: outOption,
  backend: z.string().optional(),
  force: z.boolean().default(false),
  jobs: jobsOption,
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});

const paperDirectory = join(shippedDirectory, "paper");

/** The paper's configs by experiment name: all, or those asked for. */
function selected(names: readonly string[]): string[] {
  const files = readdirSync(paperDirectory)
    .filter((file) => file.endsWith(".yaml"))
    .sort();
  const known = files.map((file) => basename(file, ".yaml"));
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const hint = suggestion(unknown, known) || ` They are: ${known.join(", ")}`;
    throw new ExperimentError(`configs/paper has no experiment "${unknown}".${hint}`);
  }
  return files.filter((file) => names.length === 0 || names.includes(basename(file, ".yaml")));
}

function printClaims({ name, findings, bounds, failures }: ExperimentClaims): void {
  const rows = [
    ...findings.map(({ met, claim, measured }) => [met ? "met" : "NOT MET", claim, measured]),
    ...bounds
      .filter(({ violated }) => violated > 0)
      .map(({ bound, theorem, detail }) => ["VIOLATED", `${theorem} ${bound}`, detail]),
    ...failures.map((failure) => ["FAILED", failure, ""]),
  ];
  process.stdout.write(`\n${table([name, "claim", "measured"], rows)}\n`);
}

/**
 * Runs the experiments that reproduce the paper, and writes every claim with its verdict.
 *
 * @param names of the experiments; all if there are none, and only then are claims.csv and CLAIMS.md written
 */
export async function reproduce(names: readonly string[], rawOptions: unknown): Promise<ExitReason> {
  const parsed = optionsSchema.safeParse(rawOptions);
  if (!parsed.success) throw new ExperimentError(explain(parsed.error.issues, optionsSchema, rawOptions));
  const options = parsed.data;
  const overrides = options.backend === undefined ? [] : [{ path: "backend", text: options.backend }];
  const loaded: Loaded[] = [];
  for (const file of selected(names)) {
    const experiment = await loadExperiment(join(paperDirectory, file), overrides);
    loaded.push({ experiment, runs: expand(experiment) });
  }

  const progress = createProgress(options);
  const signal = interruptSignal();
  const claims: ExperimentClaims[] = [];
  const bugs: string[] = [];
  for (const { experiment, runs } of loaded) {
    const result = await executeExperiment(
      experiment,
      runs,
      { out: options.out, force: options.force, jobs: options.jobs, signal },
      progress,
    );
    bugs.push(...result.bugs);
    if (options.quiet) tellFailures([result]);
    if (signal.aborted) return "interrupted";
    await reportOn(result, experiment.registry, progress);
    const { name, description = "", path } = experiment;
    const one = claimsOf(
      { name, description, config: relative(packageDirectory, path) },
      experiment.registry.bounds,
      result,
    );
    claims.push(one);
    if (!options.json) printClaims(one);
  }

  if (options.json) process.stdout.write(`${JSON.stringify(claims, null, 2)}\n`);
  else process.stdout.write(`\n${tally(claims)}\n`);
  if (names.length === 0) {
    writeAtomically(join(options.out, "claims.csv"), claimsCsv(claims));
    writeAtomically(join(options.out, "CLAIMS.md"), claimsMarkdown(claims, "run-experiment reproduce"));
    if (!options.json)
      process.stdout.write(`claims: ${join(options.out, "CLAIMS.md")} and ${join(options.out, "claims.csv")}\n`);
  }
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return claims.some((one) => failuresIn(one) > 0) ? "verificationFailed" : "ok";
}
