import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { z } from "zod";
import { type ExitReason, ExperimentError } from "../../base/errors.js";
import { suggestion } from "../../base/explain.js";
import { writeAtomically } from "../../base/files.js";
import { packageDirectory } from "../../base/package-directory.js";
import { builtIn } from "../../built-in/built-in.js";
import { expand } from "../../config/expand.js";
import { type Experiment, loadExperiment } from "../../config/load.js";
import { shippedDirectory } from "../../config/shipped.js";
import { type ExperimentResult, executeExperiment } from "../../execution/experiment.js";
import {
  type ClaimRecord,
  type ClaimRow,
  claimsCsv,
  claimsOf,
  type ExperimentClaims,
  failuresIn,
  isBad,
  recordsOf,
  tally,
} from "../../expectations/claims.js";
import { type ClaimsComparison, compareClaims, readClaims } from "../../expectations/claims-comparison.js";
import { claimsPages } from "../../expectations/claims-pages.js";
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
  out: outOption.optional(),
  references: z.string().optional(),
  backend: z.string().optional(),
  check: z.boolean().default(false),
  force: z.boolean().default(false),
  jobs: jobsOption,
  all: z.boolean().default(false),
  quiet: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

const committedReferences = join(packageDirectory, "results", "reference");

/** Directories of configs that claims are made of, each with a page of its own under results. */
const collections = ["paper", "compare"] as const;
type Collection = (typeof collections)[number];

/** What is to be reproduced. */
interface Selected {
  readonly collection: Collection;
  readonly configs: readonly string[];
  /** Whether it is all of its collection. */
  readonly isWhole: boolean;
}

const isCollection = (name: string | undefined): name is Collection => collections.some((one) => one === name);

const nameOf = (config: string) => basename(config, ".yaml");

function configsOf(collection: Collection): string[] {
  const directory = join(shippedDirectory, collection);
  const files = readdirSync(directory).filter((file) => file.endsWith(".yaml"));
  return files.sort().map((file) => join(directory, file));
}

/**
 * The configs that some names mean: a collection's, or some of one collection by the names of their experiments.
 *
 * @param names the paper's experiments all if there are none
 */
function selected(names: readonly string[]): Selected {
  const [first = "paper", ...others] = names;
  if (isCollection(first) && others.length === 0) {
    return { collection: first, configs: configsOf(first), isWhole: true };
  }
  const known = new Map(collections.flatMap((one) => configsOf(one).map((config) => [nameOf(config), one] as const)));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    const hint = suggestion(unknown, [...known.keys()]) || ` They are: ${[...known.keys()].join(", ")}`;
    throw new ExperimentError(`no experiment "${unknown}" is to be reproduced.${hint}`);
  }
  const collection = known.get(first)!;
  const other = names.find((name) => known.get(name) !== collection);
  if (other !== undefined) {
    throw new ExperimentError(
      `"${first}" belongs to ${collection} and "${other}" to ${known.get(other)}, whose claims are apart; reproduce them one after the other`,
    );
  }
  const configs = configsOf(collection).filter((config) => names.includes(nameOf(config)));
  return { collection, configs, isWhole: false };
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

const commandOf = (collection: Collection) =>
  collection === "paper" ? "run-experiment reproduce" : `run-experiment reproduce ${collection}`;
const pathsIn = (out: string) => ({ csv: join(out, "claims.csv"), details: join(out, "claims") });

/** Writes claims.csv and the pages; a page of an experiment that is no more goes. */
function writeClaims(out: string, claims: readonly ExperimentClaims[], command: string): void {
  const { csv, details } = pathsIn(out);
  const pages = claimsPages(claims, command);
  const stale = existsSync(details) ? readdirSync(details).filter((file) => file.endsWith(".md")) : [];
  const kept = new Set(pages.map(({ path }) => join(out, path)));
  for (const path of stale.map((file) => join(details, file))) if (!kept.has(path)) rmSync(path);
  writeAtomically(csv, claimsCsv(claims));
  for (const { path, text } of pages) writeAtomically(join(out, path), text);
}

/** The committed pages that are not what these claims make. */
function stalePages(out: string, claims: readonly ExperimentClaims[], command: string): string[] {
  return claimsPages(claims, command).flatMap(({ path, text }) => {
    const page = join(out, path);
    const isCurrent = existsSync(page) && readFileSync(page, "utf8") === text;
    return isCurrent ? [] : [`${page}: is not what these claims make; ${command} writes it anew`];
  });
}

/**
 * Holds claims against the committed ones; where all of them were made on the same backends and data, their pages too.
 *
 * @param committed rows of claims.csv
 */
function checkedAgainst(
  committed: readonly ClaimRecord[],
  claims: readonly ExperimentClaims[],
  { out, isWhole, command }: { out: string; isWhole: boolean; command: string },
): ClaimsComparison {
  const made = new Set(claims.map(({ name }) => name));
  const wanted = isWhole ? committed : committed.filter(({ experiment }) => made.has(experiment));
  const comparison = compareClaims(recordsOf(claims), wanted);
  const isSame = comparison.differences.length === 0 && comparison.elsewhere.length === 0;
  return isSame && isWhole ? { ...comparison, differences: stalePages(out, claims, command) } : comparison;
}

/** More differences than these are told by their number. */
const mostDifferences = 20;

function comparisonLines(comparison: ClaimsComparison, path: string): Line[] {
  const { differences, compared, byVerdict, notCompared, elsewhere } = comparison;
  const rest = differences.length - mostDifferences;
  const counts = [
    `${compared} claims in every column`,
    ...(byVerdict > 0 ? [`${byVerdict} by their verdicts, since they were made on another backend or data set`] : []),
    ...(notCompared > 0 ? [`${notCompared} not, since they were not checked`] : []),
  ];
  return [
    `compared with ${path}: ${counts.join(", ")}`,
    ...elsewhere.map((line) => `  ${line}`),
    ...differences.slice(0, mostDifferences).map((line) => `DIFFERS  ${line}`),
    ...(rest > 0 ? [`and ${rest} more differences`] : []),
    differences.length === 0
      ? "no differences"
      : `${differences.length} difference${differences.length > 1 ? "s" : ""}`,
  ];
}

/** Whether an experiment agrees with its reference. */
function comparedWith(references: string, experiment: Experiment, result: ExperimentResult): ClaimRow {
  const { name } = experiment;
  const checks = committedReferenceChecks(verifiedOf(experiment, result), join(references, name));
  return referenceClaim(checks, `results/reference/${name}`);
}

/**
 * Runs the experiments of a collection, holds those of the paper against their committed references, and writes every
 * claim with its verdict.
 *
 * @param names of a collection, or of experiments of one; the paper if there are none. Only of a whole collection are
 * claims.csv and the pages written, unless they are to be compared with
 */
export async function reproduce(names: readonly string[], rawOptions: unknown): Promise<ExitReason> {
  const options = checkedOptions(optionsSchema, rawOptions);
  const { collection, configs, isWhole } = selected(names);
  const out = options.out ?? join("results", collection);
  const command = commandOf(collection);
  const { csv } = pathsIn(out);
  const committed = options.check ? readClaims(csv) : undefined;
  const overrides = options.backend === undefined ? [] : [{ path: "backend", text: options.backend }];
  const loaded: Loaded[] = [];
  for (const config of configs) {
    const experiment = await loadExperiment(config, builtIn, overrides);
    loaded.push({ experiment, runs: expand(experiment) });
  }

  const progress = createProgress(options);
  const signal = interruptSignal();
  const claims: ExperimentClaims[] = [];
  const add = (one: ExperimentClaims) => {
    claims.push(one);
    tellClaims(one, options);
  };
  if (collection === "paper") add(selfCheckClaims(await selfChecks()));
  const bugs: string[] = [];
  for (const { experiment, runs } of loaded) {
    const result = await executeExperiment(
      experiment,
      runs,
      { out, force: options.force, jobs: options.jobs, signal },
      progress,
    );
    bugs.push(...result.bugs);
    if (signal.aborted) return "interrupted";
    const unreported = await reportOn(result, experiment.registry, progress);
    if (options.quiet && unreported !== undefined) tellFailures([{ failures: [unreported] }]);
    const { name, description = "", path } = experiment;
    const { registry } = experiment;
    const references = options.references ?? (collection === "paper" ? committedReferences : undefined);
    const compared = references === undefined ? [] : [comparedWith(references, experiment, result)];
    const figure = `docs/pictures/gallery/${name}.svg`;
    const facts = {
      ...{ name, description, config: relative(packageDirectory, path) },
      ...(existsSync(join(packageDirectory, figure)) && { figure }),
    };
    add(claimsOf(facts, registry.bounds, result, compared));
  }

  const tells = !options.json && !options.quiet;
  const comparison = committed && checkedAgainst(committed, claims, { out, isWhole, command });
  if (options.json) printJson(comparison ? { claims, comparison } : claims);
  if (tells) print(["", `${tally(claims)}${options.all ? "" : " (--all lists them)"}`]);
  if (comparison && tells) print(["", ...comparisonLines(comparison, csv)]);
  else if (comparison) tellFailures([{ failures: comparison.differences }]);
  if (isWhole && !comparison) {
    writeClaims(out, claims, command);
    if (tells) print([`claims: ${join(out, "CLAIMS.md")} and ${csv}`]);
  }
  tellBugs(bugs);
  if (bugs.length > 0) return "bug";
  const isGood = claims.every((one) => failuresIn(one) === 0) && !comparison?.differences.length;
  return isGood ? "ok" : "verificationFailed";
}
