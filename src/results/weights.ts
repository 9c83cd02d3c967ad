import { createHash } from "node:crypto";
import { type Zippable, zipSync } from "fflate";
import { type FileState, writeAtomically } from "../base/files.js";
import type { Layer } from "../compute/layer.js";
import type { Numbers } from "../training/state.js";
import type { Manifest } from "./manifest.js";

/** The final weights of a run, one array a layer, as NumPy's `savez` would write them. */
export const weightsFile = "weights.npz";

/** Their average, where weights are averaged. */
export const averagedWeightsFile = "averaged-weights.npz";

/** Whether a finished run did what its config asks: a divergence may leave none. */
export const savesWeights = ({ config, files = {} }: Pick<Manifest, "config" | "files">): boolean =>
  config.save === "weights" || weightsFile in files;

/** The header of an array must end where 64 divides the position. */
const alignment = 64;

/**
 * An array in NumPy's format .npy, version 1.0: a magic number, the length of the header, the header, which is a literal
 * of Python, and the entries, row by row, little-endian.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
function npy(values: Numbers, shape: readonly number[]): Uint8Array {
  const type = values instanceof Float32Array ? "<f4" : "<f8";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const description = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const preamble = 10;
  const length = Math.ceil((preamble + description.length + 1) / alignment) * alignment - preamble;
  const array = Buffer.alloc(preamble + length + values.byteLength);
  array.write("\x93NUMPY\x01\x00", "latin1");
  array.writeUInt16LE(length, 8);
  array.write(`${description.padEnd(length - 1)}\n`, preamble, "latin1");
  values.forEach((value, i) => {
    const at = preamble + length + i * values.BYTES_PER_ELEMENT;
    if (values instanceof Float32Array) array.writeFloatLE(value, at);
    else array.writeDoubleLE(value, at);
  });
  return array;
}

/** The first moment that a zip file can express: the same weights make the same bytes. */
const mtime = new Date(1980, 0, 1);

/** Arrays as NumPy's .npz: a zip file of one .npy file each, not compressed. */
export function weightsArchive(layers: readonly Layer[], weights: readonly Numbers[]): Uint8Array {
  const files: Zippable = {};
  for (const [i, { name, shape }] of layers.entries()) files[`${name}.npy`] = npy(weights[i]!, shape);
  return zipSync(files, { level: 0, mtime });
}

/**
 * Writes a run's weights and returns once they are on the disk.
 *
 * @param path of the file
 * @param weights w_K or w̄_K, one array a layer
 * @returns the file's state, for the manifest
 */
export function writeWeights(path: string, layers: readonly Layer[], weights: readonly Numbers[]): FileState {
  const content = weightsArchive(layers, weights);
  writeAtomically(path, content, { durable: true });
  return { bytes: content.length, sha256: createHash("sha256").update(content).digest("hex") };
}
