import { ExperimentError } from "../base/errors.js";
import { tolerance as boundTolerance } from "../bounds/bound.js";
import type { Precision } from "../compute/algebra.js";
import { isPortable } from "../compute/backends.js";
import type { ClaimRow } from "../expectations/claims.js";
import type { Registry } from "../registry/registry.js";
import type { Manifest } from "../results/manifest.js";
import type { Check, Verified } from "./check.js";
import { configurationHash, datasetOf, type Reference, type ReferenceRun, readReference } from "./reference.js";
import { disagreements } from "./reference-differences.js";
import { type Comparison, comparisonOf } from "./tolerance.js";

/** How a run can be held against its reference; or, in words, why it cannot. */
function comparisonWith(
  { optimizers, problems }: Registry,
  manifest: Manifest,
  run: ReferenceRun,
): Comparison | string {
  const { optimizer, problem } = manifest.config;
  const rule = optimizers.find(({ name }) => name === optimizer.name);
  const precision: Precision = manifest.precision === "float64" && run.precision === "float64" ? "float64" : "float32";
  const sameArithmetic =
    manifest.precision === run.precision &&
    isPortable(run.backend.name) &&
    manifest.backend.name === run.backend.name &&
    manifest.backend.version === run.backend.version;
  const sensitivity = rule?.create(optimizer).magnifiesRounding;
  if (precision === "float32" && !sameArithmetic && sensitivity !== undefined) {
    return `made on ${manifest.backend.name} in ${manifest.precision}, the reference on ${run.backend.name} in ${run.precision}: ${sensitivity}`;
  }
  const gradientJumps = problems.find(({ name }) => name === problem.name)?.gradientJumps?.(problem) ?? false;
  return comparisonOf({ precision, sameArithmetic, gradientJumps });
}

function agreementText({ traces }: Reference, index: number, { lastStep }: Comparison): string {
  if (lastStep === undefined) return "agrees";
  const steps =
    traces(index)[0]
      ?.get("step")
      ?.filter((step) => Number(step) <= lastStep) ?? [];
  return `agrees in ${steps.length} traced steps up to step ${lastStep}, beyond which other arithmetic says nothing`;
}

/** So many differences of one run are told in full. */
const told = 3;

/** Every run of the reference against the run of the same label. */
function runCheck(verified: Verified, reference: Reference, index: number): Check {
  const run = reference.runs[index]!;
  const check = { experiment: verified.name, kind: "reference" as const, name: run.label };
  const manifest = verified.manifests.find(({ label }) => label === run.label);
  if (!manifest) return { ...check, outcome: "failed", detail: "there is no such run any more" };
  if (datasetOf(manifest) !== run.dataset) {
    const detail = `made on ${datasetOf(manifest) ?? "no data set"}, the reference on ${run.dataset ?? "none"}`;
    return { ...check, outcome: "not checked", detail };
  }
  const comparison = comparisonWith(verified.registry, manifest, run);
  if (typeof comparison === "string") return { ...check, outcome: "not checked", detail: comparison };
  const found = disagreements(verified.directory, manifest, reference, index, comparison);
  if (found.length === 0) return { ...check, outcome: "passed", detail: agreementText(reference, index, comparison) };
  // An option that is new and at its default changes the config and no number: only a difference needs explaining.
  const cause = configurationHash(manifest) === run.configuration ? "" : ", whose config has changed since";
  const more = found.length > told ? `; and ${found.length - told} more` : "";
  const detail = `rule ${manifest.config.optimizer.name}${cause}: ${found.slice(0, told).join("; ")}${more}`;
  return { ...check, outcome: "failed", detail };
}

/** Of how many runs the reference says something, and how much. */
function coverageCheck({ name, manifests }: Verified, { runs, experimentRuns, traces }: Reference): Check {
  const check = { experiment: name, kind: "reference" as const, name: "coverage" };
  const labels = new Set(runs.map(({ label }) => label));
  const without = manifests.filter(({ label }) => !labels.has(label));
  const counts = runs.map((_, i) => traces(i)[0]?.get("step")?.length ?? 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const extent = `${least === most ? most : `${least} to ${most}`} steps each, outcomes and bounds`;
  const covered = `${manifests.length - without.length} of ${manifests.length} runs: ${extent}`;
  if (without.length === 0) return { ...check, outcome: "passed", detail: covered };
  const reason =
    runs.length < experimentRuns
      ? `of ${experimentRuns} runs it was made from, those that fit into its size limit`
      : "the experiment has gained runs since; --update adds them";
  return { ...check, outcome: "not checked", detail: `${covered}; not ${without[0]!.label}, … (${reason})` };
}

function toleranceCheck({ name }: Verified, { tolerance }: Reference): Check {
  const check = { experiment: name, kind: "reference" as const, name: "tolerance of the bounds" };
  const changed = Object.entries(boundTolerance).filter(
    ([precision, value]) => tolerance[precision as Precision] !== value,
  );
  if (changed.length === 0) return { ...check, outcome: "passed", detail: "as it was" };
  const found = changed.map(
    ([precision, value]) => `${precision} ${value} in place of ${tolerance[precision as Precision]}`,
  );
  return { ...check, outcome: "failed", detail: found.join("; ") };
}

/** The results of an experiment against its reference. */
export const referenceChecks = (verified: Verified, reference: Reference): Check[] => [
  coverageCheck(verified, reference),
  toleranceCheck(verified, reference),
  ...reference.runs.map((_, i) => runCheck(verified, reference, i)),
];

/** The results of an experiment against the reference committed in this directory, if there is one. */
export function committedReferenceChecks(verified: Verified, directory: string): Check[] {
  const check = { experiment: verified.name, kind: "reference" as const, name: "reference" };
  try {
    const reference = readReference(directory);
    if (reference) return referenceChecks(verified, reference);
    return [{ ...check, outcome: "not checked", detail: `there is none in ${directory}; verify --update writes it` }];
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return [{ ...check, outcome: "failed", detail: error.message }];
  }
}

/** What checks against a reference come to, as one claim among an experiment's. */
export function referenceClaim(checks: readonly Check[], source: string): ClaimRow {
  const by = (wanted: Check["outcome"]) => checks.filter(({ outcome }) => outcome === wanted);
  const [failed, unchecked] = [by("failed"), by("not checked")];
  const row = {
    claim: "traces, outcomes and bounds are those of the committed reference",
    source,
    expected: "agreement",
  };
  const told = ({ name, detail }: Check, others: number) =>
    `${name}: ${detail}${others > 0 ? `; and ${others} more` : ""}`;
  if (failed[0]) return { ...row, verdict: "not met", measured: told(failed[0], failed.length - 1) };
  if (unchecked[0]) return { ...row, verdict: "not checked", measured: told(unchecked[0], unchecked.length - 1) };
  return { ...row, verdict: "met", measured: checks.map(({ detail }) => detail)[0]! };
}
