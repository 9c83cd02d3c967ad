import { existsSync } from "node:fs";
import { join } from "node:path";
import { madeByOtherCode } from "../config/identity.js";
import { ExperimentError } from "../errors.js";
import type { BoundFinding } from "../expectations/bound-findings.js";
import type { Finding } from "../expectations/evaluate.js";
import type { Registry } from "../registry/registry.js";
import { damageOf } from "../results/integrity.js";
import { isFinished, type Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";
import { type Difference, differences, differenceText } from "./compare.js";
import { configurationHash, datasetOf, type Reference, type ReferenceRun, readReference } from "./reference.js";
import { agree, float32Steps, toleranceOf } from "./tolerance.js";

/** One thing that was verified, or why it could not be. */
export interface Check {
  readonly experiment: string;
  readonly kind: "run" | "bound" | "expectation" | "reference" | "repetition";
  readonly name: string;
  /** "not checked" never counts as passed. */
  readonly outcome: "passed" | "failed" | "not checked";
  readonly detail: string;
}

/** What is verified of an experiment. */
export interface Verified {
  readonly name: string;
  readonly directory: string;
  readonly registry: Registry;
  readonly manifests: readonly Manifest[];
  readonly findings: readonly Finding[];
  readonly bounds: readonly BoundFinding[];
  /** Runs that were not made, or failed, one line each. */
  readonly failures: readonly string[];
}

function runChecks({ name, directory, registry, manifests, failures }: Verified): Check[] {
  const unfinished = manifests
    .filter((manifest) => !isFinished(manifest))
    .map(({ label, status, stopReason }) => `${label}: ${status}${stopReason ? `, ${stopReason}` : ""}`);
  const changed = manifests.filter(isFinished).flatMap((manifest) => {
    const runDirectory = join(runsDirectory(directory), manifest.id);
    const damage = damageOf(runDirectory, manifest, { contents: true });
    const other = madeByOtherCode(registry, manifest);
    return [damage, other && `${other}; run it again`].flatMap((text) => (text ? [`${manifest.label}: ${text}`] : []));
  });
  const problems = [...failures, ...unfinished, ...changed];
  const check = { experiment: name, kind: "run" as const };
  if (problems.length === 0)
    return [{ ...check, name: "runs", outcome: "passed", detail: `${manifests.length} finished` }];
  return problems.map(
    (problem): Check => ({ ...check, name: problem.split(":")[0]!, outcome: "failed", detail: problem }),
  );
}

const boundChecks = ({ name, bounds }: Verified): Check[] =>
  bounds.map(({ bound, theorem, held, violated, checks, smallestSlack, detail }) => ({
    experiment: name,
    kind: "bound",
    name: `${theorem} ${bound}`,
    outcome: violated > 0 ? "failed" : held > 0 ? "passed" : "not checked",
    detail:
      violated > 0 || held === 0
        ? detail
        : `held in ${checks} checks, smallest slack ${Number(smallestSlack!.toPrecision(3))}`,
  }));

const expectationChecks = ({ name, findings }: Verified): Check[] =>
  findings.map(({ claim, expected, measured, met }) => ({
    experiment: name,
    kind: "expectation",
    name: claim,
    outcome: met ? "passed" : "failed",
    detail: `expected ${expected}; measured ${measured}`,
  }));

/** The trace files of a run that are there. */
export function tracesOf(experimentDirectory: string, { id }: Manifest): Map<string, Columns> {
  const directory = join(runsDirectory(experimentDirectory), id);
  const names = ["trace.csv", "layers.csv"].filter((name) => existsSync(join(directory, name)));
  return new Map(names.map((name) => [name, readColumns(join(directory, name))]));
}

/** Differences beyond the tolerances of the coarser of the two precisions. */
function referenceDifferences(
  directory: string,
  manifest: Manifest,
  { precision }: ReferenceRun,
  expected: readonly Columns[],
): Difference[] {
  const coarser = manifest.precision === "float64" ? precision : "float32";
  const options = {
    agree,
    tolerance: (column: string) => toleranceOf(column, coarser),
    ...(coarser === "float32" && { lastStep: float32Steps }),
  };
  const own = [...tracesOf(directory, manifest).values()];
  return expected
    .flatMap((columns) => {
      const actual = own.find((one) => one.has("layer") === columns.has("layer"));
      return differences(actual ?? new Map([["step", []]]), columns, options);
    })
    .sort((a, b) => a.step - b.step);
}

/** Every run of the reference against the run of the same label. */
export function referenceChecks({ name, directory, manifests }: Verified, reference: Reference): Check[] {
  return reference.runs.map((run, i): Check => {
    const manifest = manifests.find(({ label }) => label === run.label);
    const check = { experiment: name, kind: "reference" as const, name: run.label };
    if (!manifest) return { ...check, outcome: "failed", detail: "there is no such run any more" };
    const rule = `rule ${manifest.config.optimizer.name}`;
    if (datasetOf(manifest) !== run.dataset) {
      const detail = `made on ${datasetOf(manifest) ?? "no data set"}, the reference on ${run.dataset ?? "none"}`;
      return { ...check, outcome: "not checked", detail };
    }
    // An option that is new and at its default changes the config and no number: only a difference needs explaining.
    const cause = configurationHash(manifest) === run.configuration ? "" : ", whose config has changed since";
    if (manifest.status !== run.status) {
      return { ...check, outcome: "failed", detail: `${rule}${cause}: ${manifest.status} in place of ${run.status}` };
    }
    const found = referenceDifferences(directory, manifest, run, reference.traces(i));
    return found.length === 0
      ? { ...check, outcome: "passed", detail: "agrees" }
      : { ...check, outcome: "failed", detail: `${rule}${cause}: ${differenceText(found)}` };
  });
}

function committedReferenceChecks(verified: Verified, directory: string): Check[] {
  const check = { experiment: verified.name, kind: "reference" as const, name: "reference" };
  try {
    const reference = readReference(directory);
    if (reference) return referenceChecks(verified, reference);
    return [{ ...check, outcome: "not checked", detail: `there is none in ${directory}; --update writes it` }];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return [{ ...check, outcome: "failed", detail: error.message }];
  }
}

/** Everything that is verified of an experiment's results. */
export const checksOf = (verified: Verified, referenceDirectory: string): Check[] => [
  ...runChecks(verified),
  ...boundChecks(verified),
  ...expectationChecks(verified),
  ...committedReferenceChecks(verified, referenceDirectory),
];
