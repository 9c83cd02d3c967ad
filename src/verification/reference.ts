import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { readJson } from "../base/files.js";
import type { Verdict } from "../bounds/bound.js";
import type { Precision } from "../compute/algebra.js";
import { canonicalJson } from "../config/identity.js";
import type { Manifest, Outcome } from "../results/manifest.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";

/** Raised whenever the files of a reference change their form. */
export const referenceVersion = 2;

/** What a reference says of one run; the lines of its tables that carry the run's number say the rest. */
export interface ReferenceRun {
  readonly label: string;
  readonly status: Manifest["status"];
  readonly precision: Precision;
  readonly backend: Manifest["backend"];
  /** The examples really used, where there are any: a fallback changes every number. */
  readonly dataset?: string;
  /** Of everything in the config that determines the numbers, save where they are computed. */
  readonly configuration: string;
  readonly outcome: Pick<Outcome, "steps" | "final" | "best">;
}

/** reference.json */
export interface ReferenceFile {
  readonly referenceVersion: number;
  readonly experiment: string;
  /** How many runs the experiment had: a reference of a large one covers some of them. */
  readonly experimentRuns: number;
  /** The bounds there were; one that says nothing of a run did not apply to it. */
  readonly bounds: readonly string[];
  /** Of their checks, by precision. */
  readonly tolerance: Readonly<Record<Precision, number>>;
  readonly runs: readonly ReferenceRun[];
}

/** How a bound that was evaluated ended. */
export interface ReferenceVerdict {
  readonly outcome: Exclude<Verdict["outcome"], "not applicable">;
  readonly checks: number;
  readonly smallestSlack: number;
  readonly meanSlack: number;
  readonly firstStep?: number;
}

/** A committed reference of one experiment. */
export interface Reference extends ReferenceFile {
  /** trace.csv and layers.csv of the run of this number; only some of its steps. */
  readonly traces: (run: number) => readonly Columns[];
  /** By name of the bound, of those that were evaluated. */
  readonly verdicts: (run: number) => ReadonlyMap<string, ReferenceVerdict>;
}

/** Traces of all runs, each with a column `run` before the run's own. */
export const traceFiles = ["trace.csv", "layers.csv"] as const;

export const referencePath = (directory: string) => join(directory, "reference.json");
export const verdictsPath = (directory: string) => join(directory, "verdicts.csv");

export const verdictColumns = [
  "run",
  "bound",
  "outcome",
  "checks",
  "smallest_slack",
  "mean_slack",
  "first_step",
] as const;

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

function verdictsIn(columns: Columns | undefined): Map<string, ReferenceVerdict> {
  const text = (name: (typeof verdictColumns)[number], i: number) => columns!.get(name)?.[i] ?? "";
  return new Map(
    (columns?.get("bound") ?? []).map((bound, i) => [
      bound,
      {
        outcome: text("outcome", i) as ReferenceVerdict["outcome"],
        checks: Number(text("checks", i)),
        smallestSlack: Number(text("smallest_slack", i)),
        meanSlack: Number(text("mean_slack", i)),
        ...(text("first_step", i) !== "" && { firstStep: Number(text("first_step", i)) }),
      },
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
  if (file?.referenceVersion !== referenceVersion) {
    throw new ExperimentError(
      `${path} is of version ${file?.referenceVersion ?? "1 or unknown"} of references; expected ${referenceVersion}: write it anew with verify --update`,
      { reason: "verificationFailed" },
    );
  }
  const table = (path: string) => (existsSync(path) ? byRun(readColumns(path)) : new Map<number, Columns>());
  const parts = traceFiles.map((name) => table(join(directory, name)));
  const verdicts = table(verdictsPath(directory));
  return {
    ...file,
    traces: (run) => parts.flatMap((part) => part.get(run) ?? []),
    verdicts: (run) => verdictsIn(verdicts.get(run)),
  };
}
