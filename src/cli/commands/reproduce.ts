import { readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { z } from "zod";
import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { suggestion } from "../../base/explain.js";
import { writeAtomically } from "../../base/files.js";
import { packageDirectory } from "../../base/package-directory.js";
import { builtIn } from "../../built-in/built-in.js";
import { expand } from "../../config/expand.js";
import { loadExperiment } from "../../config/load.js";
import { shippedDirectory } from "../../config/shipped.js";
import { executeExperiment } from "../../execution/experiment.js";
import {
  claimsCsv,
  claimsMarkdown,
  claimsOf,
  type ExperimentClaims,
  failuresIn,
  isBad,
  tally,
} from "../../expectations/claims.js";
import { verifiedOf } from "../../verification/check.js";
import { committedReferenceChecks, referenceClaim } from "../../verification/reference-check.js";
import { selfCheckClaims, selfChecks } from "../../verification/self-check.js";
import { tellBugs, tellFailures } from "../failures.js";
import { interruptSignal } from "../interrupt.js";
import { checkedOptions, jobsOption, outOption } from "../options.js";
import { print, printJson } from "../output.js";
import { createProgress } from "../progress.js";
import { reportOn } from "../report-on.js";
import { table } from "../table.js";
import type { Loaded } from "./run.js";

const optionsSchema = z.object({
  out: outOption,
  references: z.string().optional(),
  backend: z.string().optional(),
  force: z.boolean().default(false),
  jobs: jobsOption,
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});

const paperDirectory = join(shippedDirectory, "paper");
const committedReferences = join(packageDirectory, "results", "reference");

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

function printClaims({ name, findings, bounds, others, failures }: ExperimentClaims): void {
  const rows = [
    ...findings.map(({ met, claim, measured }) => [met ? "met" : "NOT MET", claim, measured]),
    ...others.map((row) => [isBad(row) ? row.verdict.toUpperCase() : row.verdict, row.claim, row.measured]),
    ...bounds
      .filter(({ violated }) => violated > 0)
      .map(({ bound, theorem, detail }) => ["VIOLATED", `${theorem} ${bound}`, detail]),
    ...failures.map((failure) => ["FAILED", failure, ""]),
  ];
  print(["", ...table([name, "claim", "measured"], rows)]);
}

/**
 * Runs the experiments that reproduce the paper, holds them against their committed references, and writes every claim
 * with its verdict.
 *
 * @param names of the experiments; all if there are none, and only then are claims.csv and CLAIMS.md written
 */
export async function reproduce(names: readonly string[], rawOptions: unknown): Promise<ExitReason> {
  const options = checkedOptions(optionsSchema, rawOptions);
  const overrides = options.backend === undefined ? [] : [{ path: "backend", text: options.backend }];
  const loaded: Loaded[] = [];
  for (const file of selected(names)) {
    const experiment = await loadExperiment(join(paperDirectory, file), builtIn, overrides);
    loaded.push({ experiment, runs: expand(experiment) });
  }

  const progress = createProgress(options);
  const signal = interruptSignal();
  const claims: ExperimentClaims[] = [];
  const add = (one: ExperimentClaims) => {
    claims.push(one);
    if (!options.json) printClaims(one);
  };
  add(selfCheckClaims(await selfChecks()));
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
    const unreported = await reportOn(result, experiment.registry, progress);
    if (options.quiet && unreported !== undefined) tellFailures([{ failures: [unreported] }]);
    const { name, description = "", path } = experiment;
    const { registry } = experiment;
    const reference = join(options.references ?? committedReferences, name);
    const checks = committedReferenceChecks(verifiedOf(experiment, result), reference);
    const compared = referenceClaim(checks, `results/reference/${name}`);
    const facts = { name, description, config: relative(packageDirectory, path) };
    add(claimsOf(facts, registry.bounds, result, [compared]));
  }

  if (options.json) printJson(claims);
  else print(["", tally(claims)]);
  if (names.length === 0) {
    writeAtomically(join(options.out, "claims.csv"), claimsCsv(claims));
    writeAtomically(join(options.out, "CLAIMS.md"), claimsMarkdown(claims, "run-experiment reproduce"));
    if (!options.json) print([`claims: ${join(options.out, "CLAIMS.md")} and ${join(options.out, "claims.csv")}`]);
  }
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return claims.some((one) => failuresIn(one) > 0) ? "verificationFailed" : "ok";
}
