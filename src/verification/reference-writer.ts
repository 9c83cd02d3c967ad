import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../base/files.js";
import { tolerance } from "../bounds/bound.js";
import type { Precision } from "../compute/algebra.js";
import { isSettled, type Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";
import { csvLines, type Field } from "../trace/csv-file.js";
import type { Verified } from "./check.js";
import {
  configurationHash,
  datasetOf,
  type ReferenceFile,
  referencePath,
  referenceVersion,
  traceFiles,
  verdictColumns,
  verdictsPath,
} from "./reference.js";

/** Size that a trace file of a reference is kept to by leaving out steps: references are committed. */
const wantedBytes = 8_000;
/** Size above which runs are left out, where every run is down to its fewest steps. */
export const mostBytes = 100_000;
/** The first two steps, one in the middle and the last. */
const fewestSteps = 4;
const mostSteps = 400;
/** More runs than this cannot fit, so that they need not be read. */
const mostRuns = 1000;

interface RunTraces {
  readonly manifest: Manifest;
  readonly tables: ReadonlyMap<string, Columns>;
}

/** About half of the lines from the start of the run, the others in growing distances up to its end. */
function chosen(count: number, wanted: number): number[] {
  if (count <= wanted) return Array.from({ length: count }, (_, i) => i);
  const start = Math.max(1, wanted >> 1);
  const kept = new Set(Array.from({ length: start }, (_, i) => i));
  const rest = wanted - start;
  for (let i = 1; i <= rest; i++) kept.add(Math.round(start * ((count - 1) / start) ** (i / rest)));
  return [...kept].filter((i) => i < count).sort((a, b) => a - b);
}

function tableText(runs: readonly RunTraces[], name: string, wanted: number): string {
  const names = [...new Set(runs.flatMap(({ tables }) => [...(tables.get(name)?.keys() ?? [])]))];
  const lines = runs.flatMap(({ tables }, run) => {
    const table = tables.get(name);
    if (!table) return [];
    const steps = tables.get("trace.csv")!.get("step")!;
    const kept = new Set(chosen(steps.length, wanted).map((i) => steps[i]!));
    const own = table.get("step")!.flatMap((step, i) => (kept.has(step) ? [i] : []));
    return own.map((i) => [run, ...names.map((column) => table.get(column)?.[i] ?? "")]);
  });
  return names.length === 0 ? "" : csvLines([["run", ...names], ...lines]);
}

/** As many steps a run as fit, and no fewer than the fewest. */
function fittingTable(runs: readonly RunTraces[], name: string): string {
  for (let wanted = mostSteps; wanted > fewestSteps; wanted = Math.floor(wanted * 0.75)) {
    const text = tableText(runs, name, wanted);
    if (text.length <= wantedBytes) return text;
  }
  return tableText(runs, name, fewestSteps);
}

function verdictsText(runs: readonly RunTraces[]): string {
  const lines = runs.flatMap(({ manifest }, run) =>
    Object.entries(manifest.verdicts ?? {}).flatMap(([bound, verdict]): Field[][] => {
      if (verdict.outcome === "not applicable") return [];
      const { outcome, checks, smallestSlack, meanSlack } = verdict;
      const firstStep = outcome === "violated" ? verdict.firstStep : undefined;
      return [[run, bound, outcome, checks, smallestSlack, meanSlack, firstStep]];
    }),
  );
  return lines.length === 0 ? "" : csvLines([verdictColumns, ...lines]);
}

/** So many of the items, in even distances. */
const spread = <T>(items: readonly T[], count: number): readonly T[] =>
  count >= items.length
    ? items
    : Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]!);

function read(experimentDirectory: string, manifest: Manifest): RunTraces {
  const runDirectory = join(runsDirectory(experimentDirectory), manifest.id);
  const present = traceFiles.filter((name) => existsSync(join(runDirectory, name)));
  return { manifest, tables: new Map(present.map((name) => [name, readColumns(join(runDirectory, name))])) };
}

/** The files of a reference: all runs with fewer steps each before fewer runs. */
function filesOf(
  runs: readonly RunTraces[],
  directory: string,
): { runs: readonly RunTraces[]; files: [string, string][] } {
  const files: [string, string][] = [
    ...traceFiles.map((name): [string, string] => [join(directory, name), fittingTable(runs, name)]),
    [verdictsPath(directory), verdictsText(runs)],
  ];
  const excess = Math.max(...files.map(([, text]) => text.length)) / mostBytes;
  if (excess <= 1 || runs.length === 1) return { runs, files };
  return filesOf(spread(runs, Math.max(1, Math.floor(runs.length / excess))), directory);
}

/** One line a run: its change is one line's, and a file of many runs stays small. */
function referenceText({ runs, ...facts }: ReferenceFile): string {
  const lines = runs.map((run) => `    ${JSON.stringify(run)}`);
  return `${JSON.stringify(facts, null, 2).slice(0, -2)},\n  "runs": [\n${lines.join(",\n")}\n  ]\n}\n`;
}

/**
 * Writes the reference of an experiment from its finished runs: the first steps and some later ones of each, what it
 * came to, and how its bounds ended.
 *
 * @param directory where the reference goes
 */
export function writeReference(
  directory: string,
  { directory: experimentDirectory, manifests, registry }: Pick<Verified, "directory" | "manifests" | "registry">,
): void {
  const candidates = spread(manifests.filter(isSettled), mostRuns);
  const { runs, files } = filesOf(
    candidates.map((manifest) => read(experimentDirectory, manifest)),
    directory,
  );
  for (const [path, text] of files) {
    if (text !== "") writeAtomically(path, text);
    else rmSync(path, { force: true });
  }
  const reference: ReferenceFile = {
    referenceVersion,
    experiment: manifests[0]!.experiment,
    experimentRuns: manifests.length,
    bounds: registry.bounds.map(({ name }) => name),
    tolerance,
    runs: runs.map(({ manifest }) => {
      const { steps, final, best } = manifest.outcome!;
      return {
        label: manifest.label,
        status: manifest.status,
        precision: manifest.precision as Precision,
        backend: manifest.backend,
        ...(manifest.dataset && { dataset: datasetOf(manifest)! }),
        configuration: configurationHash(manifest),
        outcome: { steps, final, best },
      };
    }),
  };
  writeAtomically(referencePath(directory), referenceText(reference));
}
