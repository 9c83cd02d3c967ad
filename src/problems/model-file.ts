import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOrdinaryFile, UnsuitableFile } from "../base/files.js";
import { type Layer, layerSize } from "../compute/layer.js";
import { type LayerJson, modelIn } from "./model-topology.js";

/** A layers model as TensorFlow.js saves it, read and looked at, not yet built. */
export interface ModelFile {
  readonly path: string;
  readonly model: LayerJson;
  /** Named as the model names them, in the order of the file. */
  readonly weights: readonly Layer[];
  /** The numbers of all weights, one after the other, float32. */
  readonly data: Uint8Array;
  /** SHA-256 of the model's file and then those of its weights. */
  readonly checksum: string;
}

/** Buffers of Node hold no more. */
const mostBytes = 2 ** 31;

function read(path: string, mend: string): Buffer {
  try {
    return readOrdinaryFile(path, mostBytes);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = messageOf(cause);
    const finding =
      cause instanceof UnsuitableFile ? message : isMissing ? "does not exist" : `cannot be read (${message})`;
    throw new ExperimentError(`${path} ${finding}: ${mend}`, { cause });
  }
}

const weightSchema = z.looseObject({
  name: z.string(),
  shape: z.array(z.int().nonnegative()),
  dtype: z.literal("float32", { error: "expected weights of dtype float32" }),
  quantization: z.never({ error: "expected none; save the model without quantization" }).optional(),
});

const fileSchema = z.looseObject(
  {
    format: z
      .literal("layers-model", { error: "expected a layers model (a graph model cannot be trained)" })
      .optional(),
    modelTopology: z.custom<unknown>((value) => modelIn(value) !== undefined, {
      error: "expected the layers of a model, as model.save writes them",
    }),
    weightsManifest: z.array(z.looseObject({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) }), {
      error: "expected the list of weight files that model.save writes",
    }),
  },
  { error: "expected the model.json that model.save writes" },
);

function parse(path: string, content: Buffer): z.output<typeof fileSchema> {
  let value: unknown;
  try {
    value = JSON.parse(content.toString());
  } catch (cause) {
    throw new ExperimentError(`${path} is not JSON (${messageOf(cause)}); expected the model.json of model.save`, {
      cause,
    });
  }
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw new ExperimentError(`${path}: ${[place.join("."), message].filter((part) => part !== "").join(": ")}`);
}

/**
 * @param data of these weights, one after the other, float32
 * @throws ExperimentError if two weights have one name, or a weight an entry that is no finite number
 */
function checkWeights(path: string, weights: readonly Layer[], data: Buffer): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const known = new Set<string>();
  let at = 0;
  for (const weight of weights) {
    if (known.has(weight.name)) throw new ExperimentError(`${path} lists the weight ${weight.name} twice`);
    known.add(weight.name);
    for (const end = at + 4 * layerSize(weight); at < end; at += 4) {
      const value = view.getFloat32(at, true);
      if (!Number.isFinite(value)) {
        throw new ExperimentError(`${path}: the weight ${weight.name} holds ${value}; expected finite numbers`);
      }
    }
  }
}

/**
 * Reads a layers model and the files of its weights, which lie beside it.
 *
 * @param file path, absolute or relative to the directory
 * @throws ExperimentError naming the file and what is wrong with it
 */
export function readModelFile(file: string, directory: string): ModelFile {
  const path = resolve(directory, file);
  const content = read(path, "correct problem.file (relative to the config's directory)");
  const { modelTopology, weightsManifest } = parse(path, content);
  const hash = createHash("sha256").update(content);
  const groups = weightsManifest.map(({ paths, weights }) => {
    const files = paths.map((name) => resolve(dirname(path), name));
    const data = Buffer.concat(files.map((file) => read(file, `${path} names it for the model's weights`)));
    const expected = 4 * weights.reduce((sum, weight) => sum + layerSize(weight), 0);
    if (data.length !== expected) {
      throw new ExperimentError(
        `${files.join(" and ")}: found ${data.length} bytes, expected ${expected} for the weights that ${path} lists; save the model again`,
      );
    }
    hash.update(data);
    checkWeights(path, weights, data);
    return { data, weights: weights.map(({ name, shape }) => ({ name, shape })) };
  });
  return {
    path,
    model: modelIn(modelTopology)!,
    weights: groups.flatMap(({ weights }) => weights),
    data: Buffer.concat(groups.map(({ data }) => data)),
    checksum: hash.digest("hex"),
  };
}
