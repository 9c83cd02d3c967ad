import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Precision } from "../compute/algebra.js";
import { canonicalJson, resultSchemaVersion } from "../config/identity.js";
import { ExperimentError } from "../errors.js";
import { readJson, writeAtomically, writeJson } from "../results/files.js";
import { isFinished, type Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";
import { csvLines } from "../trace/csv-file.js";
import { float32Steps } from "./tolerance.js";

/** What a reference says of one run; its traces are the lines that carry its number. */
export interface ReferenceRun {
  readonly label: string;
  readonly status: Manifest["status"];
  readonly precision: Precision;
  readonly backend: string;
  /** The examples really used, where there are any: a fallback changes every number. */
  readonly dataset?: string;
  /** Of everything in the config that determines the numbers, save where they are computed. */
  readonly configuration: string;
}

/** reference.json */
interface ReferenceFile {
  readonly resultSchemaVersion: number;
  readonly experiment: string;
  readonly runs: readonly ReferenceRun[];
}

/** A committed reference of one experiment. */
export interface Reference extends ReferenceFile {
  /** trace.csv and layers.csv of the run of this number; only some of its steps. */
  readonly traces: (run: number) => readonly Columns[];
}

const files = ["trace.csv", "layers.csv"] as const;

/** Size that the lines of trace.csv and of layers.csv may have, each: references are committed. */
const bytes = 30_000;

const referencePath = (directory: string) => join(directory, "reference.json");

/** Hash of the config without names, backend and precision: where two traces differ, it tells whether the configs do. */
export function configurationHash({ config }: Manifest): string {
  const {
    name: _,
    description: __,
    backend: ___,
    precision: ____,
    trace: _____,
    bounds: ______,
    save: _8,
    ...rest
  } = config;
  const { label: _______, ...optimizer } = rest.optimizer;
  return createHash("sha256")
    .update(canonicalJson({ ...rest, optimizer }))
    .digest("hex")
    .slice(0, 12);
}

/** Name and checksum of the examples a run really used. */
export const datasetOf = ({ dataset }: Manifest) => dataset && `${dataset.name} ${dataset.checksum}`;

/** A table of several runs, taken apart by its column `run`; columns that a run leaves empty are left out. */
function byRun(columns: Columns): Map<number, Columns> {
  const lines = new Map<number, number[]>();
  columns.get("run")!.forEach((run, i) => {
    const known = lines.get(Number(run));
    if (known) known.push(i);
    else lines.set(Number(run), [i]);
  });
  const names = [...columns.keys()].filter((name) => name !== "run");
  return new Map(
    [...lines].map(([run, own]) => [
      run,
      new Map(
        names
          .map((name): [string, string[]] => [name, own.map((i) => columns.get(name)![i]!)])
          .filter(([, values]) => values.some((value) => value !== "")),
      ),
    ]),
  );
}

/**
 * The committed reference of an experiment; undefined if there is none.
 *
 * @throws ExperimentError if it is of another form than this version writes
 */
export function readReference(directory: string): Reference | undefined {
  const path = referencePath(directory);
  if (!existsSync(path)) return undefined;
  const file = readJson(path) as ReferenceFile | undefined;
  if (file?.resultSchemaVersion !== resultSchemaVersion) {
    throw new ExperimentError(
      `${path} is of result schema ${file?.resultSchemaVersion ?? "unknown"}; expected ${resultSchemaVersion}: write it anew with verify --update`,
      { reason: "verificationFailed" },
    );
  }
  const tables = files.filter((name) => existsSync(join(directory, name)));
  const parts = tables.map((name) => byRun(readColumns(join(directory, name))));
  return { ...file, traces: (run) => parts.flatMap((part) => part.get(run) ?? []) };
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

/** The steps of a run that go into its reference. */
function stepsKept(trace: Columns, precision: string, wanted: number): Set<string> {
  const steps = trace.get("step")!.filter((step) => precision === "float64" || Number(step) <= float32Steps);
  return new Set(chosen(steps.length, wanted).map((i) => steps[i]!));
}

interface RunTraces {
  readonly manifest: Manifest;
  readonly tables: ReadonlyMap<string, Columns>;
}

function tableText(runs: readonly RunTraces[], name: string, wanted: number): string | undefined {
  const names = [...new Set(runs.flatMap(({ tables }) => [...(tables.get(name)?.keys() ?? [])]))];
  if (names.length === 0) return undefined;
  const lines = runs.flatMap(({ manifest, tables }, run) => {
    const table = tables.get(name);
    if (!table) return [];
    const kept = stepsKept(tables.get("trace.csv")!, manifest.precision, wanted);
    const steps = table.get("step")!;
    const own = steps.map((_, i) => i).filter((i) => kept.has(steps[i]!));
    return own.map((i) => [run, ...names.map((column) => table.get(column)?.[i] ?? "")]);
  });
  return csvLines([["run", ...names], ...lines]);
}

/** As many steps a run as fit. */
function fittingTable(runs: readonly RunTraces[], name: string): string | undefined {
  let text: string | undefined;
  for (let wanted = 400; wanted >= 2; wanted = Math.floor(wanted * 0.75)) {
    text = tableText(runs, name, wanted);
    if (text === undefined || text.length <= bytes) return text;
  }
  return text;
}

/** Most runs of a reference; of larger matrices every n-th is kept. */
const mostRuns = 60;

function thinnedRuns(manifests: readonly Manifest[]): readonly Manifest[] {
  const stride = Math.ceil(manifests.length / mostRuns);
  return manifests.filter((_, i) => i % stride === 0);
}

/**
 * Writes the reference of an experiment from its finished runs: the first steps and some later ones of each.
 *
 * @param directory where the reference goes
 */
export function writeReference(directory: string, experimentDirectory: string, manifests: readonly Manifest[]): void {
  const runs = thinnedRuns(manifests.filter(isFinished)).map((manifest): RunTraces => {
    const runDirectory = join(runsDirectory(experimentDirectory), manifest.id);
    const present = files.filter((name) => existsSync(join(runDirectory, name)));
    return { manifest, tables: new Map(present.map((name) => [name, readColumns(join(runDirectory, name))])) };
  });
  for (const name of files) {
    const text = fittingTable(runs, name);
    if (text !== undefined) writeAtomically(join(directory, name), text);
  }
  const reference: ReferenceFile = {
    resultSchemaVersion,
    experiment: manifests[0]!.experiment,
    runs: runs.map(({ manifest }) => ({
      label: manifest.label,
      status: manifest.status,
      precision: manifest.precision as Precision,
      backend: manifest.backend.name,
      ...(manifest.dataset && { dataset: datasetOf(manifest)! }),
      configuration: configurationHash(manifest),
    })),
  };
  writeJson(referencePath(directory), reference);
}
