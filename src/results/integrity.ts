import { statSync } from "node:fs";
import { join } from "node:path";
import { type FileState, hashOfFile } from "../base/files.js";
import { type TraceStates, traceFiles } from "../trace/trace-writer.js";
import { isSettled, type Manifest } from "./manifest.js";
import { runsDirectory } from "./summary.js";

/** A run's traces by the names of their files, for its manifest. */
export function namedFiles(states: TraceStates): Record<string, FileState> {
  return Object.fromEntries(
    Object.entries(states).map(([key, state]) => [traceFiles[key as keyof TraceStates], state]),
  );
}

/** Runs with results whose files have been deleted or cut, one line each. */
export function damagedRuns(experimentDirectory: string, manifests: readonly Manifest[]): string[] {
  return manifests.filter(isSettled).flatMap((manifest) => {
    const damage = damageOf(join(runsDirectory(experimentDirectory), manifest.id), manifest, { contents: false });
    return damage === undefined ? [] : [`${manifest.label}: ${damage}`];
  });
}

/**
 * What has become of the files of a run since it was finished; undefined if they are as they were.
 *
 * @param options.contents read them, in place of trusting their lengths
 */
export function damageOf(
  runDirectory: string,
  { files = {} }: Pick<Manifest, "files">,
  { contents }: { contents: boolean },
): string | undefined {
  for (const [name, { bytes, sha256 }] of Object.entries(files)) {
    const path = join(runDirectory, name);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return `${name} is missing`;
    if (size !== bytes) return `${name} has ${size} bytes in place of ${bytes}`;
    if (contents && hashOfFile(path, bytes).digest("hex") !== sha256) return `${name} has been changed`;
  }
  return undefined;
}
