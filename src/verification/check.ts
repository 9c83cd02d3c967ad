import { join } from "node:path";
import { toDigits } from "../base/numbers.js";
import { madeByOtherCode } from "../config/identity.js";
import type { Experiment } from "../config/load.js";
import type { ExperimentResult } from "../execution/experiment.js";
import { type BoundFinding, boundFindings } from "../expectations/bound-findings.js";
import type { Finding } from "../expectations/evaluate.js";
import type { Registry } from "../registry/registry.js";
import { damageOf } from "../results/integrity.js";
import { isSettled, type Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { committedReferenceChecks } from "./reference-check.js";

/** One thing that was verified, or why it could not be. */
export interface Check {
  readonly experiment: string;
  readonly kind: "run" | "bound" | "expectation" | "reference" | "repetition" | "self-check";
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

export const verifiedOf = (
  { name, registry }: Pick<Experiment, "name" | "registry">,
  { directory, manifests, findings, failures }: ExperimentResult,
): Verified => ({
  name,
  directory,
  registry,
  manifests,
  findings,
  failures,
  bounds: boundFindings(registry.bounds, manifests),
});

function runChecks({ name, directory, registry, manifests, failures }: Verified): Check[] {
  const unfinished = manifests
    .filter((manifest) => !isSettled(manifest))
    .map(({ label, status, stopReason }) => `${label}: ${status}${stopReason ? `, ${stopReason}` : ""}`);
  const changed = manifests.filter(isSettled).flatMap((manifest) => {
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
      violated > 0 || held === 0 ? detail : `held in ${checks} checks, smallest slack ${toDigits(smallestSlack!, 3)}`,
  }));

const expectationChecks = ({ name, findings }: Verified): Check[] =>
  findings.map(({ claim, expected, measured, met }) => ({
    experiment: name,
    kind: "expectation",
    name: claim,
    outcome: met ? "passed" : "failed",
    detail: `expected ${expected}; measured ${measured}`,
  }));

/** Everything that is verified of an experiment's results. */
export const checksOf = (verified: Verified, referenceDirectory: string): Check[] => [
  ...runChecks(verified),
  ...boundChecks(verified),
  ...expectationChecks(verified),
  ...committedReferenceChecks(verified, referenceDirectory),
];
