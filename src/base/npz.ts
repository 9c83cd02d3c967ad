import { ExperimentError, messageOf } from "./errors.js";
import { checkMemory } from "./memory.js";
import { type NpyArray, parseNpy } from "./npy.js";
import { unzip } from "./zip.js";

/**
 * Arrays in a file of NumPy's `savez` or `savez_compressed`: a zip file of .npy files.
 *
 * @param path of the file, for messages
 * @param names of the arrays that are wanted, absent: all; those that are not there are missing in the result
 * @returns the arrays, and the names of all there are
 * @throws ExperimentError if it is no such file, or an array that is wanted is damaged or not of numbers
 */
export function parseNpz(
  bytes: Uint8Array,
  path: string,
  names?: readonly string[],
): { readonly arrays: ReadonlyMap<string, NpyArray>; readonly present: readonly string[] } {
  const present: string[] = [];
  const wanted = names && new Set(names);
  let files: ReadonlyMap<string, Uint8Array>;
  try {
    files = unzip(bytes, ({ name, originalSize }) => {
      const array = name.replace(/\.npy$/, "");
      present.push(array);
      if (wanted && !wanted.has(array)) return false;
      checkMemory(`${path}, array ${array}`, originalSize, "make it smaller");
      return true;
    });
  } catch (cause) {
    if (cause instanceof ExperimentError) throw cause;
    throw new ExperimentError(
      `${path} is no .npz file, or a damaged one (${messageOf(cause)}); write it with NumPy's savez`,
      { cause },
    );
  }
  const arrays = new Map<string, NpyArray>();
  for (const [file, content] of files) {
    const name = file.replace(/\.npy$/, "");
    try {
      arrays.set(name, parseNpy(content));
    } catch (cause) {
      throw new ExperimentError(`${path}, array ${name}: ${messageOf(cause)}`, { cause });
    }
  }
  return { arrays, present };
}
