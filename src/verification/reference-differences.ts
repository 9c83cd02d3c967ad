import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Precision } from "../compute/algebra.js";
import type { Manifest, Measured } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";
import { type Difference, differences, differenceText } from "./compare.js";
import { type Reference, type ReferenceRun, type ReferenceVerdict, traceFiles } from "./reference.js";
import { agree, type Comparison, slackTolerance } from "./tolerance.js";

/** The trace files of a run that are there. */
export function tracesOf(experimentDirectory: string, { id }: Manifest): Map<string, Columns> {
  const directory = join(runsDirectory(experimentDirectory), id);
  const names = traceFiles.filter((name) => existsSync(join(directory, name)));
  return new Map(names.map((name) => [name, readColumns(join(directory, name))]));
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

/**
 * Everything in which a run differs from its reference, the most telling first.
 *
 * @param directory of the experiment's results
 * @param index number of the run in the reference
 */
export function disagreements(
  directory: string,
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
