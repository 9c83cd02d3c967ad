import { existsSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory, onDisk } from "../base/files.js";
import { type Checkpoint, checkpointFiles, readCheckpoint } from "../results/checkpoint.js";
import { damageOf } from "../results/integrity.js";
import { isFinished, type Manifest, readManifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { timingFile } from "../results/timing.js";
import { averagedWeightsFile, savesWeights, weightsFile } from "../results/weights.js";
import { traceFiles } from "../trace/trace-writer.js";
import { isMade, type PlannedRun } from "./plan.js";

/** Moves what is there to the first free name ending in ~1, ~2, …: nothing that was computed is overwritten. */
function setAside(directory: string): void {
  let n = 1;
  while (existsSync(`${directory}~${n}`)) n++;
  onDisk("set aside", directory, () => renameSync(directory, `${directory}~${n}`));
}

/** Sets aside what there is of a run, so that it is made again. */
export function setRunAside(experimentDirectory: string, { id }: PlannedRun): void {
  const directory = join(runsDirectory(experimentDirectory), id);
  if (existsSync(directory)) setAside(directory);
}

/**
 * The manifest of this run, if it has been made before, to its end or its rung, and its files are still there, as long as
 * they were, the weights among them if they are asked for.
 *
 * @param announce told where they are not
 */
export function madeManifest(
  experimentDirectory: string,
  planned: PlannedRun,
  announce: (line: string) => void,
): Manifest | undefined {
  const { id, run } = planned;
  const directory = join(runsDirectory(experimentDirectory), id);
  const manifest = readManifest(directory);
  if (!manifest || !isMade(planned, manifest)) return undefined;
  const damage = damageOf(directory, manifest, { contents: false });
  const lacksWeights = run.config.save === "weights" && isFinished(manifest) && !savesWeights(manifest);
  if (damage === undefined && !lacksWeights) return manifest;
  announce(
    `${run.label}: ${damage ?? "its weights were not saved"}: it is made again, and what is left of it set aside`,
  );
  return undefined;
}

/** Where an earlier session of a run was cut off. */
export interface Earlier {
  readonly checkpoint: Checkpoint;
  readonly manifest: Manifest | undefined;
}

const filesOfRun = new Set([
  "run.json",
  ...Object.values(traceFiles),
  timingFile,
  weightsFile,
  averagedWeightsFile,
  ...checkpointFiles,
]);

/** A directory, a link or a pipe where one of the run's files belongs: it is neither written through nor removed. */
function obstacleIn(directory: string): string | undefined {
  const entries = onDisk("read", directory, () => readdirSync(directory, { withFileTypes: true }));
  return entries.find((entry) => filesOfRun.has(entry.name) && !entry.isFile())?.name;
}

/**
 * Makes the run's directory ready: a run that was cut off goes on from its checkpoint; one that was cut off before its
 * first is made again in place, since the same rows come again; anything else that is there is set aside.
 */
export function prepareDirectory(
  directory: string,
  id: string,
  { force, announce }: { readonly force?: boolean; readonly announce?: (line: string) => void },
): Earlier | undefined {
  const obstacle = existsSync(directory) ? obstacleIn(directory) : undefined;
  if (obstacle !== undefined) {
    announce?.(`${join(directory, obstacle)} is no file: the directory is set aside, and the run begins anew`);
    setAside(directory);
  }
  const manifest = readManifest(directory);
  const goesOn = !force && existsSync(directory) && !(manifest && isFinished(manifest));
  const checkpoint = goesOn ? readCheckpoint(directory, id, (line) => announce?.(line)) : undefined;
  if (checkpoint) return { checkpoint, manifest };
  const cutOff = manifest?.status === "running" || manifest?.status === "interrupted";
  const isEmpty = () => onDisk("read", directory, () => readdirSync(directory).length === 0);
  if (existsSync(directory) && (force || !(cutOff || isEmpty()))) setAside(directory);
  onDisk("create", directory, () => makeDirectory(directory));
  return undefined;
}
