import { existsSync } from "node:fs";
import { join } from "node:path";
import { tolerance as boundTolerance } from "../bounds/bound.js";
import type { Precision } from "../compute/algebra.js";
import { isPortable } from "../compute/backends.js";
import { canonicalJson } from "../config/identity.js";
import { ExperimentError } from "../errors.js";
import type { ClaimRow } from "../expectations/claims.js";
import { optimizerDefinition } from "../optimizers/optimizer.js";
import { problems } from "../problems/registry.js";
import type { Manifest, Measured } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";
import type { Check, Verified } from "./check.js";
import { type Difference, differences, differenceText } from "./compare.js";
import {
  configurationHash,
  datasetOf,
  type Reference,
  type ReferenceRun,
  type ReferenceVerdict,
  readReference,
  traceFiles,
} from "./reference.js";
import { agree, type Comparison, comparisonOf, slackTolerance } from "./tolerance.js";

/** The trace files of a run that are there. */
export function tracesOf(experimentDirectory: string, { id }: Manifest): Map<string, Columns> {
  const directory = join(runsDirectory(experimentDirectory), id);
  const names = traceFiles.filter((name) => existsSync(join(directory, name)));
  return new Map(names.map((name) => [name, readColumns(join(directory, name))]));
}

/** How a run can be held against its reference; or, in words, why it cannot. */
function comparisonWith(manifest: Manifest, run: ReferenceRun): Comparison | string {
  const { optimizer, problem } = manifest.config;
  const precision: Precision = manifest.precision === "float64" && run.precision === "float64" ? "float64" : "float32";
  const sameArithmetic =
    manifest.precision === run.precision &&
    isPortable(run.backend.name) &&
    canonicalJson(manifest.backend) === canonicalJson(run.backend);
  const sensitivity = optimizerDefinition(optimizer.name)?.create(optimizer).magnifiesRounding;
  if (precision === "float32" && !sameArithmetic && sensitivity !== undefined) {
    return `made on ${manifest.backend.name} in ${manifest.precision}, the reference on ${run.backend.name} in ${run.precision}: ${sensitivity}`;
  }
  const gradientJumps = problems.find(({ name }) => name === problem.name)?.gradientJumps?.(problem) ?? false;
  return comparisonOf({ precision, sameArithmetic, gradientJumps });
}

function traceDifferences(
  directory: string,
  manifest: Manifest,
  expected: readonly Columns[],
  comparison: Comparison,
): Difference[] {
  const own = [...tracesOf(directory, manifest).values()];
  return expected
    .flatMap((columns) => {
      const actual = own.find((one) => one.has("layer") === columns.has("layer"));
      return differences(actual ?? new Map([["step", []]]), columns, { agree, ...comparison });
    })
    .sort((a, b) => a.step - b.step);
}

const text = (value: unknown) => (value === undefined ? "none" : String(value));

/** What the run came to, number by number. */
function outcomeDifferences(manifest: Manifest, { outcome }: ReferenceRun, { tolerance }: Comparison): string[] {
  const compare = (kind: "final" | "best") => {
    const actual: Measured = manifest.outcome?.[kind] ?? {};
    return Object.entries(outcome[kind]).flatMap(([quantity, value]) => {
      const own = actual[quantity as keyof Measured];
      const agrees = own !== undefined && agree(String(own), String(value), tolerance(quantity));
      return agrees ? [] : [`${kind} ${quantity} ${text(own)} in place of ${value}`];
    });
  };
  const steps = manifest.outcome?.steps;
  return [
    ...(steps === outcome.steps ? [] : [`${text(steps)} steps in place of ${outcome.steps}`]),
    ...compare("final"),
    ...compare("best"),
  ];
}

/** How one bound ended, against how it did; of runs in different arithmetic the outcome alone. */
function verdictDifference(
  manifest: Manifest,
  bound: string,
  expected: ReferenceVerdict | undefined,
  comparison: Comparison,
): string[] {
  const actual = manifest.verdicts?.[bound];
  const [outcome, wanted] = [actual?.outcome ?? "not applicable", expected?.outcome ?? "not applicable"];
  if (outcome !== wanted) return [`bound ${bound}: ${outcome} in place of ${wanted}`];
  if (!expected || !actual || actual.outcome === "not applicable") return [];
  if (comparison.lastStep !== undefined) return [];
  const allowed = slackTolerance(manifest.precision as Precision);
  const numbers: [what: string, own: number | undefined, expected: number | undefined, allowed: typeof allowed][] = [
    ["checks", actual.checks, expected.checks, { relative: 0, absolute: 0 }],
    ["smallest slack", actual.smallestSlack, expected.smallestSlack, allowed],
    ["mean slack", actual.meanSlack, expected.meanSlack, allowed],
    [
      "first violated at step",
      actual.outcome === "violated" ? actual.firstStep : undefined,
      expected.firstStep,
      { relative: 0, absolute: 0 },
    ],
  ];
  const differing = numbers.filter(([, own, wanted, allowed]) => !agree(String(own), String(wanted), allowed));
  return differing.map(([what, own, wanted]) => `bound ${bound}: ${what} ${text(own)} in place of ${text(wanted)}`);
}

/** Everything in which a run differs from its reference, the most telling first. */
function disagreements(
  { directory }: Verified,
  manifest: Manifest,
  reference: Reference,
  index: number,
  comparison: Comparison,
): string[] {
  const run = reference.runs[index]!;
  if (manifest.status !== run.status) return [`${manifest.status} in place of ${run.status}`];
  const found = traceDifferences(directory, manifest, reference.traces(index), comparison);
  const isWhole = comparison.lastStep === undefined || run.outcome.steps <= comparison.lastStep;
  const expected = reference.verdicts(index);
  return [
    ...(found.length > 0 ? [differenceText(found)] : []),
    ...(isWhole ? outcomeDifferences(manifest, run, comparison) : []),
    ...reference.bounds.flatMap((bound) => verdictDifference(manifest, bound, expected.get(bound), comparison)),
  ];
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
  const comparison = comparisonWith(manifest, run);
  if (typeof comparison === "string") return { ...check, outcome: "not checked", detail: comparison };
  const found = disagreements(verified, manifest, reference, index, comparison);
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
