import { join } from "node:path";
import { ExperimentError } from "../../base/errors.js";
import { builtIn } from "../../built-in/built-in.js";
import { madeByOtherCode } from "../../config/identity.js";
import { availableRegistry } from "../../registry/plugins.js";
import type { Registry } from "../../registry/registry.js";
import { experimentDirectories, holdsExperiments } from "../../report/experiment-results.js";
import { damageOf } from "../../results/integrity.js";
import { type Manifest, readManifest } from "../../results/manifest.js";
import { provenanceFacts } from "../../results/provenance-facts.js";
import { outcomeOf, quantities, quantityNames } from "../../results/quantities.js";
import { manifestsOf, runsDirectory } from "../../results/summary.js";
import { weightsFile } from "../../results/weights.js";
import { print, printJson, tell } from "../output.js";
import { short, table } from "../table.js";
import type { Line } from "../tone.js";

/** A run may be named by its directory or by its run.json. */
export const runDirectoryOf = (path: string) => (path.endsWith("run.json") ? join(path, "..") : path);

/** @throws ExperimentError if there is no run in this directory */
export function manifestAt(path: string): Manifest {
  const manifest = readManifest(runDirectoryOf(path));
  if (manifest) return manifest;
  throw new ExperimentError(`${path} is no run; expected a directory with run.json in it, such as results/…/runs/…`);
}

/** A nested value as lines of path and text. */
export function flattened(value: unknown, path = ""): [path: string, text: string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flattened(inner, path === "" ? key : `${path}.${key}`));
}

/** Where the final weights are, or why they are not. */
function weightsText({ files = {}, status, precision, config }: Manifest, runDirectory: string): string {
  if (files[weightsFile]) return `${join(runDirectory, weightsFile)}, ${precision}, for NumPy's load`;
  if (status !== "completed" && status !== "diverged") return "";
  if (status === "diverged" && config.save !== "nothing") return "not saved: it diverged at a step that was not traced";
  return config.save === "nothing" ? "not saved" : "not saved: they are many; save: weights in the config keeps them";
}

function outcomeLines(manifest: Manifest, registry: Registry, runDirectory: string): string[][] {
  const { status, stopReason, plannedSteps, outcome, verdicts = {} } = manifest;
  return [
    ["note", madeByOtherCode(registry, manifest) ?? ""],
    ["damaged", damageOf(runDirectory, manifest, { contents: true }) ?? ""],
    ["status", stopReason ? `${status} (${stopReason})` : status],
    ["steps", `${outcome?.steps ?? 0} of ${plannedSteps}`],
    ...quantityNames.flatMap((quantity) =>
      (["final", "best"] as const).map((kind) => [
        `${kind} ${quantities[quantity].words}`,
        short(outcomeOf(manifest, kind, quantity)),
      ]),
    ),
    ["weights", weightsText(manifest, runDirectory)],
    ...Object.entries(verdicts).map(([name, verdict]) => [
      name,
      verdict.outcome === "not applicable"
        ? `not applicable: ${verdict.reason}`
        : verdict.outcome === "held"
          ? `held in ${verdict.checks} checks`
          : `VIOLATED at step ${verdict.firstStep}: ${verdict.measured} is above ${verdict.bound}`,
    ]),
  ].filter(([, text]) => text !== "") as string[][];
}

const section = (title: string, rows: readonly (readonly string[])[]) => ["", ...table([title, ""], rows)];

/** The runs of an experiment, by their directories. */
function runLines(directory: string): Line[] {
  const manifests = manifestsOf(directory);
  const rows = manifests.map(({ id, label, status, stopReason, plannedSteps, outcome }) => [
    label,
    stopReason ? `${status} (${stopReason})` : status,
    `${outcome?.steps ?? 0} of ${plannedSteps}`,
    join(runsDirectory(directory), id),
  ]);
  return [directory, ...table(["run", "status", "steps", "directory"], rows)];
}

/** Prints the runs of an experiment, or of each of several in one directory. */
function showRuns(path: string, json: boolean): void {
  const directories = experimentDirectories(path);
  if (json) printJson(directories.flatMap(manifestsOf));
  else print(directories.flatMap((directory, i) => [...(i > 0 ? [""] : []), ...runLines(directory)]));
}

/** Prints a run: what it came to, how it came about, its resolved config; of an experiment, which runs it has. */
export async function show(path: string, { json = false }: { json?: boolean }): Promise<void> {
  if (!readManifest(runDirectoryOf(path)) && holdsExperiments(path)) return showRuns(path, json);
  const manifest = manifestAt(path);
  if (json) {
    printJson(manifest);
    return;
  }
  const registry = await availableRegistry(builtIn, manifest.plugins ?? [], tell);
  print([
    `${manifest.experiment}: ${manifest.label}`,
    manifest.id,
    ...section("OUTCOME", outcomeLines(manifest, registry, runDirectoryOf(path))),
    ...section("PROVENANCE", provenanceFacts(manifest)),
    ...section("CONFIG", flattened(manifest.config)),
  ]);
}
