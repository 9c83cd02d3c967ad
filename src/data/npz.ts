import { resolve } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { NpyArray } from "../base/npy.js";
import { parseNpz } from "../base/npz.js";
import { defineDataset } from "./dataset.js";
import { type OwnExamples, ownDataFields, ownDataset, taskOption } from "./own-data.js";
import { readOwnFile } from "./own-file.js";

const arrayNames = z.strictObject({
  inputs: z.string().min(1).describe("Name of the array of inputs"),
  targets: z.string().min(1).describe("Name of the array of targets, one an example"),
});

const schema = z.strictObject({
  name: z.literal("npz").describe("Arrays of your own, written by NumPy's savez"),
  file: z.string().min(1).describe("Path of the .npz file, relative to the config's directory"),
  inputs: z
    .string()
    .min(1)
    .default("x")
    .describe(
      "Name of the array of inputs: examples × features, examples × height × width, or these and channels. Bytes (uint8) stand for intensities from 0 to 1",
    ),
  targets: z.string().min(1).default("y").describe("Name of the array of targets, one an example"),
  task: taskOption,
  test: arrayNames.optional().describe("Arrays of the same file that are the test set"),
  ...ownDataFields,
});

/** Longest file that is read. */
const mostBytes = 2 ** 32;

const shapeText = (shape: readonly number[]) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

/** The file's arrays by name. */
interface Arrays {
  readonly path: string;
  readonly arrays: ReadonlyMap<string, NpyArray>;
  readonly present: readonly string[];
}

function arrayOf({ path, arrays, present }: Arrays, name: string, option: string): NpyArray {
  const array = arrays.get(name);
  if (array) return array;
  throw new ExperimentError(
    `${path} has no array "${name}"; it has ${present.join(", ") || "none"}: correct ${option}`,
  );
}

/** height, width and channels of examples of this shape. */
function imageSize(shape: readonly number[], place: string): readonly [number, number, number] {
  const [, first = 0, second = 0, third = 1] = shape;
  if (shape.length === 2) return [1, 1, first];
  if (shape.length === 3 || shape.length === 4) return [first, second, third];
  throw new ExperimentError(
    `${place} has the shape ${shapeText(shape)}; expected examples × features, or examples × height × width (× channels)`,
  );
}

function examplesOf(file: Arrays, names: z.output<typeof arrayNames>, option: string): OwnExamples {
  const inputs = arrayOf(file, names.inputs, `${option}.inputs`);
  const targets = arrayOf(file, names.targets, `${option}.targets`);
  const place = `${file.path}, array ${names.inputs}`;
  const [height, width, channels] = imageSize(inputs.shape, place);
  const size = inputs.shape[0]!;
  if (inputs.values.length === 0)
    throw new ExperimentError(`${place} is empty: its shape is ${shapeText(inputs.shape)}`);
  if (targets.values.length !== size || targets.shape[0] !== size) {
    throw new ExperimentError(
      `${file.path}, array ${names.targets} has the shape ${shapeText(targets.shape)}; expected ${shapeText([size])}: one target for each example of ${names.inputs}`,
    );
  }
  return {
    ...{ size, height, width, channels },
    pixels: inputs.values,
    targets: targets.values,
    placeOf: (example) => `${place}, example ${example}`,
    targetPlaceOf: (example) => `${file.path}, array ${names.targets}, example ${example}`,
  };
}

/** Arrays of NumPy's, for classification or regression. */
export const npz = defineDataset({
  name: "npz",
  summary: "Your own arrays: images or features, as NumPy's savez writes them, for classification or regression",
  version: 1,
  schema,
  async load({ file, inputs, targets, task, test, split }, { directory = "" }) {
    const path = resolve(directory, file);
    const { bytes, sha256 } = readOwnFile(path, "data.file", mostBytes);
    const arrays = { path, ...parseNpz(bytes, path, [inputs, targets, ...Object.values(test ?? {})]) };
    return ownDataset({
      ...{ name: "npz", task, split },
      train: examplesOf(arrays, { inputs, targets }, "data"),
      test: test && examplesOf(arrays, test, "data.test"),
      source: `${path}, SHA-256 ${sha256}`,
    });
  },
});
