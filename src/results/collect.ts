import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { isFinished, type Manifest } from "./manifest.js";
import { manifestsOf, runsDirectory } from "./summary.js";

/** The runs of one experiment, found in one or several directories. */
export interface Collection {
  readonly experiment: string;
  readonly directories: readonly string[];
  /** One a run, sorted by id. */
  readonly manifests: readonly Manifest[];
  /** Of each of them, by id, the directory of the experiment that it was taken from. */
  readonly placeOf: ReadonlyMap<string, string>;
  /** Runs that were made in two places and came to different ends. */
  readonly conflicts: readonly string[];
}

const isExperiment = (directory: string) => existsSync(runsDirectory(directory));

/** The experiments in a directory: itself, or those right below it. */
function experimentsIn(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new ExperimentError(`${directory}: no such directory`);
  }
  if (isExperiment(directory)) return [directory];
  const below = readdirSync(directory).sort();
  const found = below.map((name) => join(directory, name)).filter(isExperiment);
  if (found.length > 0) return found;
  throw new ExperimentError(
    `${directory}: no results in it; expected an experiment's directory, with runs/ in it, or one that holds experiments`,
  );
}

const stepsOf = ({ outcome }: Manifest) => outcome?.steps ?? 0;

/** The one that counts: a finished run before one that is not, then the one that went further, then the first. */
function better(one: Manifest, other: Manifest): Manifest {
  if (isFinished(one) !== isFinished(other)) return isFinished(one) ? one : other;
  return stepsOf(other) > stepsOf(one) ? other : one;
}

const isSameResult = (one: Manifest, other: Manifest) =>
  one.status === other.status && JSON.stringify(one.outcome) === JSON.stringify(other.outcome);

/**
 * Everything that was computed of the experiments in these directories, those of one name together: the same id is the
 * same run, wherever it was made.
 *
 * @param directories of experiments or of several of them
 * @throws ExperimentError if one of them holds no results
 */
export function collect(directories: readonly string[]): Collection[] {
  const byName = new Map<string, string[]>();
  for (const directory of new Set(directories.flatMap(experimentsIn).map((path) => resolve(path)))) {
    const name = basename(directory);
    byName.set(name, [...(byName.get(name) ?? []), directory]);
  }
  return [...byName].map(([experiment, places]) => {
    const runs = new Map<string, { manifest: Manifest; place: string }>();
    const conflicts: string[] = [];
    for (const place of places) {
      for (const manifest of manifestsOf(place)) {
        const known = runs.get(manifest.id);
        const chosen = known ? better(known.manifest, manifest) : manifest;
        if (known && isFinished(known.manifest) && isFinished(manifest) && !isSameResult(known.manifest, manifest)) {
          const kept = chosen === manifest ? place : known.place;
          conflicts.push(`${manifest.id}: the results in ${known.place} and ${place} differ; that of ${kept} is taken`);
        }
        if (chosen === manifest) runs.set(manifest.id, { manifest, place });
      }
    }
    const manifests = [...runs.values()].map(({ manifest }) => manifest);
    manifests.sort((a, b) => (a.id < b.id ? -1 : 1));
    const placeOf = new Map([...runs].map(([id, { place }]) => [id, place]));
    return { experiment, directories: places, manifests, placeOf, conflicts };
  });
}
