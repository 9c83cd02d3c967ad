import { ExperimentError, excerpt } from "./errors.js";

/** Config values as they are read: plain data. */
export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Deeper than any config. */
const mostParts = 50;

/**
 * "optimizers[0].learningRate" or "optimizers.0.learningRate" as its parts.
 *
 * @throws ExperimentError if they are far too many
 */
export function partsOf(path: string): string[] {
  const parts = path.replace(/\[(\d+)\]/g, ".$1").split(".");
  if (parts.length <= mostParts) return parts;
  throw new ExperimentError(`${excerpt(path)}: a path of ${parts.length} parts; expected a few`);
}

/** The parts as users read them: optimizers[0].learningRate. */
export function pathText(parts: readonly PropertyKey[]): string {
  return parts
    .map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? String(part) : `.${String(part)}`))
    .join("");
}

/**
 * A copy of `root` in which the value at a path is replaced; objects on the way are made where there are none.
 *
 * @throws RangeError if the path goes through a list at something that is not one of its indices
 */
export function withValue(root: unknown, parts: readonly string[], value: unknown): unknown {
  const [first, ...rest] = parts;
  if (first === undefined) return value;
  if (Array.isArray(root)) {
    if (!(first in root)) throw new RangeError(`there is no element ${first} in a list of ${root.length}`);
    return root.map((element, i) => (String(i) === first ? withValue(element, rest, value) : element));
  }
  const object = isObject(root) ? root : {};
  return { ...object, [first]: withValue(Object.hasOwn(object, first) ? object[first] : undefined, rest, value) };
}
