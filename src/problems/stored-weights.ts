import { extname } from "node:path";
import { ExperimentError, messageOf } from "../base/errors.js";
import { parseNpz } from "../base/npz.js";
import type { Algebra } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import { readOwnFile } from "../data/own-file.js";
import { type Objective, type Problem, withObjectiveOfRuns } from "./problem.js";

interface StoredArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Weights in a file of the user's. */
export interface StoredWeights {
  readonly file: string;
  readonly sha256: string;
  /** By the names of their layers; "" where there is only one, which has none. */
  readonly arrays: ReadonlyMap<string, StoredArray>;
}

const mostBytes = 1e9;

/**
 * Reads the weights of a .npz file, as runs save them and NumPy's `savez` does, or of a .json file: an object of nested
 * lists by layer, or the list itself where there is one layer.
 *
 * @throws ExperimentError naming the file, what is wrong with it and how to mend it
 */
export function readStoredWeights(file: string): StoredWeights {
  const read = readers[extname(file).toLowerCase()];
  if (!read) throw new ExperimentError(`initialWeights: ${file} is neither .npz nor .json; expected one of them`);
  const { bytes, sha256 } = readOwnFile(file, "initialWeights", mostBytes);
  return { file, sha256, arrays: read(bytes, file) };
}

const readers: Readonly<Record<string, (content: Buffer, file: string) => ReadonlyMap<string, StoredArray>>> = {
  ".npz": (content, file) => parseNpz(content, file).arrays,
  ".json": arraysOfJson,
};

function arraysOfJson(content: Buffer, file: string): Map<string, StoredArray> {
  try {
    const value: unknown = JSON.parse(content.toString());
    if (Array.isArray(value)) return new Map([["", fromLists(value)]]);
    if (typeof value !== "object" || value === null) throw new Error("expected lists of numbers by layer, or one list");
    return new Map(Object.entries(value).map(([name, lists]) => [name, fromLists(lists)]));
  } catch (cause) {
    throw new ExperimentError(`initialWeights: ${file}: ${messageOf(cause)}`, { cause });
  }
}

/** Nested lists of one depth and, at each depth, one length. */
function fromLists(value: unknown): StoredArray {
  if (typeof value === "number") return { shape: [], values: [value] };
  if (!Array.isArray(value)) throw new Error(`found ${JSON.stringify(value)?.slice(0, 40)} where a number belongs`);
  const parts = value.map(fromLists);
  const shape = parts[0]?.shape ?? [];
  if (parts.some((part) => part.shape.join() !== shape.join())) throw new Error("its lists are of different lengths");
  return { shape: [value.length, ...shape], values: parts.flatMap(({ values }) => Array.from(values)) };
}

const shapeText = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/**
 * The stored weights, one array a layer.
 *
 * @throws ExperimentError if they are not the problem's: other layers, other shapes, or entries that are no numbers
 */
export function weightsFor({ file, arrays }: StoredWeights, layers: readonly Layer[]): Float64Array[] {
  const [only] = layers.length === 1 ? layers : [];
  const arrayOf = ({ name }: Layer) => arrays.get(name) ?? (only ? arrays.get("") : undefined);
  const names = layers.map(({ name }) => name);
  const strangers = [...arrays.keys()].filter((name) => !names.includes(name) && !(only && name === ""));
  if (strangers.length > 0 || layers.some((layer) => !arrayOf(layer))) {
    const has = [...arrays.keys()].map((name) => name || "one list without a name").join(", ") || "nothing";
    throw new ExperimentError(`initialWeights: ${file} has ${has}; the problem's layers are ${names.join(", ")}`);
  }
  return layers.map((layer) => {
    const { shape, values } = arrayOf(layer)!;
    const found = (what: string) => new ExperimentError(`initialWeights: ${file}: ${layer.name} ${what}`);
    if (shape.join() !== layer.shape.join()) {
      throw found(`has the shape ${shapeText(shape)}; the problem's has ${shapeText(layer.shape)}`);
    }
    const odd = Array.from(values).find((value) => !Number.isFinite(value));
    if (odd !== undefined) throw found(`holds ${odd}; expected finite numbers`);
    return Float64Array.from(values);
  });
}

/**
 * The problem with another w_0.
 *
 * @param weights one array a layer
 */
export function startingFrom(weights: readonly Float64Array[], problem: Problem): Problem {
  const { layers, onHost, onTensors } = problem;
  const from = <V, S>(algebra: Algebra<V, S>, objective: Objective<V, S>): Objective<V, S> =>
    // Changed in place, as it is nobody else's: a copy of a class's object would lack its methods.
    Object.assign(objective, {
      initialWeights: () => weights.map((values, i) => algebra.vector(values, layers[i]!.shape)),
    });
  return {
    ...problem,
    ...(onHost && { onHost: (algebra: Parameters<typeof onHost>[0]) => from(algebra, onHost(algebra)) }),
    onTensors: async (algebra) => from(algebra, await onTensors(algebra)),
    ...withObjectiveOfRuns(problem, from),
  };
}
