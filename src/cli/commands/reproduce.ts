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
import { type Line, type Tone, toned } from "../tone.js";
import type { Loaded } from "./run.js";

const optionsSchema = z.object({
  out: outOption,
  references: z.string().optional(),
  backend: z.string().optional(),
  force: z.boolean().default(false),
  jobs: jobsOption,
  all: z.boolean().default(false),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

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

/** A claim as it is told: the word for what became of it, what is claimed and what was found. */
interface Told {
  readonly tone: Tone;
  readonly word: string;
  readonly claim: string;
  readonly measured: string;
}

function toldOf({ findings, bounds, others, failures }: ExperimentClaims): Told[] {
  const bad = (word: string, claim: string, measured: string): Told => ({ tone: "bad", word, claim, measured });
  return [
    ...findings.map(
      ({ met, claim, measured }): Told =>
        met ? { tone: "good", word: "met", claim, measured } : bad("NOT MET", claim, measured),
    ),
    ...others.map((row): Told => {
      const { verdict, claim, measured } = row;
      if (isBad(row)) return bad(verdict.toUpperCase(), claim, measured);
      return { tone: verdict === "not checked" ? "warning" : "good", word: verdict, claim, measured };
    }),
    ...bounds
      .filter(({ violated }) => violated > 0)
      .map(({ bound, theorem, detail }) => bad("VIOLATED", `${theorem} ${bound}`, detail)),
    ...failures.map((failure) => bad("FAILED", failure, "")),
  ];
}

/** The claims of an experiment that failed or were not checked, or with `--all` every one. */
function claimLines(claims: ExperimentClaims, all: boolean): Line[] {
  const shown = toldOf(claims).filter(({ tone }) => all || tone !== "good");
  const rows = shown.map(({ tone, word, claim, measured }) => [toned(tone, word), claim, measured]);
  return rows.length > 0 ? ["", ...table([claims.name, "claim", "measured"], rows)] : [];
}

function tellClaims(claims: ExperimentClaims, { json, quiet, all }: Pick<Options, "json" | "quiet" | "all">): void {
  if (json) return;
  if (!quiet) print(claimLines(claims, all));
  else {
    const bad = toldOf(claims).filter(({ tone }) => tone === "bad");
    const texts = bad.map(({ word, claim, measured }) =>
      [claims.name, word, claim, measured].filter(Boolean).join(": "),
    );
    tellFailures([{ failures: texts }]);
  }
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
    tellClaims(one, options);
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

  const tells = !options.json && !options.quiet;
  if (options.json) printJson(claims);
  if (tells) print(["", `${tally(claims)}${options.all ? "" : " (--all lists them)"}`]);
  if (names.length === 0) {
    writeAtomically(join(options.out, "claims.csv"), claimsCsv(claims));
    writeAtomically(join(options.out, "CLAIMS.md"), claimsMarkdown(claims, "run-experiment reproduce"));
    if (tells) print([`claims: ${join(options.out, "CLAIMS.md")} and ${join(options.out, "claims.csv")}`]);
  }
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  return claims.some((one) => failuresIn(one) > 0) ? "verificationFailed" : "ok";
}
