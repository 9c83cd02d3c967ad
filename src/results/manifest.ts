import { join } from "node:path";
import { z } from "zod";
import { type FileState, readJson, writeJson } from "../base/files.js";
import type { Verdict } from "../bounds/bound.js";
import type { Layer } from "../compute/layer.js";
import type { RunConfig } from "../config/schema.js";
import type { Preparation } from "../data/preparation.js";
import type { PluginReference } from "../registry/registry.js";
import type { Provenance } from "./provenance.js";

export type Status = "running" | "completed" | "diverged" | "stopped" | "failed" | "interrupted";

/** What evaluations measure of weights. */
export type WeightsQuantity =
  | "trainLoss"
  | "trainAccuracy"
  | "valLoss"
  | "valAccuracy"
  | "testLoss"
  | "testAccuracy"
  | "gap"
  | "distance";

/** What they measure of the last iterate, and of the average of the iterates. */
export type Quantity = WeightsQuantity | `averaged${Capitalize<WeightsQuantity>}`;

export type Measured = Readonly<Partial<Record<Quantity, number>>>;

/** What a run came to: the numbers of its row in summary.csv. Absent where nothing was measured. */
export interface Outcome {
  /** Updates made. */
  readonly steps: number;
  /** What the last evaluation that measured it found, NaN and Infinity too. */
  readonly final: Measured;
  /**
   * The best of all evaluations, that of w_0 among them (unless the run is evaluated at its end alone): the smallest
   * loss, gap and distance, the largest accuracy. NaN is never best.
   */
  readonly best: Measured;
  /** What was measured at the evaluation with the smallest validation loss, the first of several; absent without such a set. */
  readonly selected?: { readonly step: number; readonly measured: Measured };
  /** Smallest and largest norm ratio over all traced steps and layers, NaN left out. */
  readonly normRatio?: { readonly smallest: number; readonly largest: number };
}

/** When a run first met the target of its experiment, if it did. */
export type ToTarget =
  | {
      readonly outcome: "reached";
      readonly steps: number;
      readonly epochs: number;
      /** Computing time; absent where it was not written down. */
      readonly seconds?: number | undefined;
    }
  | { readonly outcome: "not reached" }
  /** Its evaluations do not measure what the target is about. */
  | { readonly outcome: "not measured" };

/** run.json: everything about one run but its traces. */
export interface Manifest {
  readonly resultSchemaVersion: number;
  readonly id: string;
  readonly label: string;
  readonly experiment: string;
  readonly optimizer: string;
  readonly axes: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly status: Status;
  /** Why the run ended before its last step: divergence with what was seen, its target, a rung, an error, an interruption. */
  readonly stopReason?: string;
  /** What is wrong with a run that completed, e.g. that it learned nothing; absent where nothing is. */
  readonly warnings?: readonly string[];
  /** Stack trace of the bug that ended it. */
  readonly stack?: string;
  readonly config: RunConfig;
  /** Of the definitions it is made from, by kind. */
  readonly versions?: Readonly<Record<string, string | undefined>>;
  /** The plugins of its experiment. */
  readonly plugins?: readonly PluginReference[];
  /** K, the number of updates planned. */
  readonly plannedSteps: number;
  readonly precision: string;
  readonly backend: { readonly name: string; readonly device: string; readonly version: string };
  /** The data set really used; `fallbackFor` names the one that was asked for and could not be had. */
  readonly dataset?: {
    readonly name: string;
    readonly source: string;
    readonly checksum: string;
    readonly fallbackFor?: string;
    /** What the config's data options made of it: the split, and the numbers that inputs are normalized with. */
    readonly preparation?: Preparation;
  };
  /** Where w_0 was read from, if it was. */
  readonly initialWeights?: { readonly file: string; readonly sha256: string };
  /** How many examples losses and accuracies are evaluated on; absent for problems without examples. */
  readonly evaluation?: {
    readonly trainingExamples: number;
    /** All there are. */
    readonly ofTrainingExamples: number;
    readonly validationExamples?: number;
    readonly testExamples?: number;
  };
  /** What the rule sees, one after the other; `excluded` are those the config keeps out of it. */
  readonly layers?: readonly (Layer & { readonly excluded?: true })[];
  /** What the problem keeps besides, such as running statistics. */
  readonly nonTrainable?: readonly Layer[];
  /** SHA-256 of the files that the problem was made from. */
  readonly problemChecksum?: string;
  /** How the optimum was found, where the problem has one. */
  readonly optimum?: string;
  /** Other numbers of the problem worth comparing a run with, e.g. the median of its targets. */
  readonly reference?: Readonly<Record<string, number>>;
  readonly outcome?: Outcome;
  readonly verdicts?: Readonly<Record<string, Verdict>>;
  /** The files of a run that has come to an end, by name. */
  readonly files?: Readonly<Record<string, FileState>>;
  readonly provenance: Provenance;
  readonly startedAt: string;
  /** Computing time, all sessions of a run that was cut off together. */
  readonly wallSeconds?: number;
  /** Where the run was taken up again after it had been cut off. */
  readonly resumed?: readonly { readonly step: number; readonly at: string }[];
  /**
   * How many runs were trained together, this one included, in the session that was the largest; absent: it was trained
   * alone. Its numbers are then those of a run alone but for rounding, and `wallSeconds` is its share.
   */
  readonly trainedTogether?: number;
  /** The process at work on it, while status is "running". */
  readonly process?: { readonly pid: number; readonly host: string };
  /** When the run met its experiment's target: read from its traces beside run.json, in which it never is. */
  readonly toTarget?: ToTarget;
}

export const manifestPath = (runDirectory: string) => join(runDirectory, "run.json");

/** @param options.durable return only when a power cut can no longer undo it */
export const writeManifest = (runDirectory: string, manifest: Manifest, options: { durable?: boolean } = {}) =>
  writeJson(manifestPath(runDirectory), manifest, options);

const text = z.string();
/** JSON has no words for these: they are spelled out. */
const measured = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]);
const byQuantity = z.record(text, measured);
const named = z.looseObject({ name: text });
const tally = { checks: z.number(), smallestSlack: measured };

const verdictSchema = z.discriminatedUnion("outcome", [
  z.looseObject({ outcome: z.literal("held"), ...tally }),
  z.looseObject({ outcome: z.literal("violated"), ...tally, firstStep: z.number(), measured, bound: measured }),
  z.looseObject({ outcome: z.literal("not applicable"), reason: text }),
]);

/** What every reader of a manifest counts on; the rest is passed through. */
const manifestSchema = z.looseObject({
  resultSchemaVersion: z.number(),
  id: text,
  label: text,
  experiment: text,
  optimizer: text,
  axes: z.record(text, z.unknown()),
  seed: z.number(),
  status: z.enum(["running", "completed", "diverged", "stopped", "failed", "interrupted"]),
  stopReason: text.optional(),
  warnings: z.array(text).optional(),
  stack: text.optional(),
  config: z.looseObject({
    name: text,
    problem: named,
    data: named.optional(),
    optimizer: named,
    bounds: z.union([z.literal("auto"), z.array(text)]),
  }),
  versions: z.record(text, text).optional(),
  plannedSteps: z.number(),
  precision: z.enum(["float32", "float64"]),
  backend: z.looseObject({ name: text, device: text, version: text }),
  dataset: z.looseObject({ name: text, source: text, checksum: text, fallbackFor: text.optional() }).optional(),
  evaluation: z.looseObject({ trainingExamples: z.number(), ofTrainingExamples: z.number() }).optional(),
  initialWeights: z.looseObject({ file: text, sha256: text }).optional(),
  optimum: text.optional(),
  reference: z.record(text, measured).optional(),
  outcome: z
    .looseObject({
      steps: z.number(),
      final: byQuantity,
      best: byQuantity,
      selected: z.looseObject({ step: z.number(), measured: byQuantity }).optional(),
      normRatio: z.object({ smallest: measured, largest: measured }).optional(),
    })
    .optional(),
  verdicts: z.record(text, verdictSchema).optional(),
  files: z.record(text, z.object({ bytes: z.number(), sha256: text })).optional(),
  provenance: z.looseObject({ tool: text, node: text, host: text, commandLine: z.array(text) }),
  startedAt: text,
  wallSeconds: z.number().optional(),
  resumed: z.array(z.object({ step: z.number(), at: text })).optional(),
  trainedTogether: z.number().optional(),
  process: z.object({ pid: z.number(), host: text }).optional(),
});

/** The manifest of a run directory; undefined if there is none that can be read. */
export function readManifest(runDirectory: string): Manifest | undefined {
  return manifestSchema.safeParse(readJson(manifestPath(runDirectory))).data as Manifest | undefined;
}

/** Completed and diverged runs have come to an end of their own. */
export const isFinished = ({ status }: Manifest) => status === "completed" || status === "diverged";

/** These are results, and so are runs that a search has stopped at a rung; the others are to be run again. */
export const isSettled = (manifest: Manifest) => isFinished(manifest) || manifest.status === "stopped";
