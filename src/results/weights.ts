import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { type FileState, writeAtomically } from "../base/files.js";
import { formatNpy } from "../base/npy.js";
import type { Layer } from "../compute/layer.js";
import type { Numbers } from "../training/state.js";
import type { Manifest } from "./manifest.js";

/** The final weights of a run, one array a layer, as NumPy's `savez` would write them. */
export const weightsFile = "weights.npz";

/** Whether a finished run did what its config asks: a divergence may leave none. */
export const savesWeights = ({ config, files = {} }: Pick<Manifest, "config" | "files">): boolean =>
  config.save === "weights" || weightsFile in files;

/** The first moment that a zip file can express: the same weights make the same bytes. */
const mtime = new Date(1980, 0, 1);

/** Arrays as NumPy's .npz: a zip file of one .npy file each, not compressed. */
export function weightsArchive(layers: readonly Layer[], weights: readonly Numbers[]): Uint8Array {
  const files: Zippable = {};
  for (const [i, { name, shape }] of layers.entries()) files[`${name}.npy`] = formatNpy({ shape, values: weights[i]! });
  return zipSync(files, { level: 0, mtime });
}

/**
 * Writes a run's weights and returns once they are on the disk.
 *
 * @param weights w_K, one array a layer
 * @returns the file's state, for the manifest
 */
export function writeWeights(runDirectory: string, layers: readonly Layer[], weights: readonly Numbers[]): FileState {
  const content = weightsArchive(layers, weights);
  writeAtomically(join(runDirectory, weightsFile), content, { durable: true });
  return { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}
