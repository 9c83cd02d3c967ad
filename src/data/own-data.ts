import { createHash } from "node:crypto";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { ImageDataset, ImageSet } from "./dataset.js";
import { type HoldoutOption, holdOut, holdoutOf, holdoutOption } from "./holdout.js";
import { sharedSubset } from "./shared-memory.js";

/** Options of every data set that is made of files of the user's. */
export const ownDataFields = {
  split: holdoutOption
    .optional()
    .describe(
      "examples that are held out as the test set, where it has no file of its own: a number, a share, or {examples, shuffle, seed}. Default: no test set",
    ),
};

export const taskOption = z
  .enum(["classification", "regression"])
  .default("classification")
  .describe("what the targets are: classes, or numbers to be predicted");

export type Task = z.output<typeof taskOption>;

/** Examples as a file holds them. */
export interface OwnExamples {
  readonly size: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly pixels: ImageSet["pixels"];
  /** One an example: names or numbers of classes, or numbers to be predicted. */
  readonly targets: ArrayLike<string | number>;
  /** Where the inputs of example i stand, for errors, such as "iris.csv:12". */
  readonly placeOf: (example: number) => string;
  /** Where its target stands. */
  readonly targetPlaceOf: (example: number) => string;
}

/**
 * The distinct targets in their order: numbers by size, texts by their characters.
 *
 * @throws ExperimentError if there is but one, or a number that numbers no class
 */
function classesOf({ targets, targetPlaceOf }: OwnExamples): (string | number)[] {
  const odd = Array.from(targets).findIndex((target) => typeof target === "number" && !Number.isInteger(target));
  if (odd >= 0) {
    throw new ExperimentError(
      `${targetPlaceOf(odd)}: expected a class, a name or a whole number, found ${targets[odd]} (data.task: regression predicts numbers)`,
    );
  }
  const distinct = [...new Set(Array.from(targets))];
  if (distinct.length > 1) return distinct.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  throw new ExperimentError(`${targetPlaceOf(0)}: every example is of the class ${distinct[0]}; expected two or more`);
}

const listed = (classes: readonly (string | number)[]) =>
  classes.length > 12 ? `${classes.slice(0, 12).join(", ")}, … (${classes.length} in all)` : classes.join(", ");

/** @throws ExperimentError if a target is no class of the training examples */
function classIndices({ targets, size, targetPlaceOf }: OwnExamples, classes: readonly (string | number)[]) {
  const indexOf = new Map(classes.map((one, index) => [one, index]));
  const indices = classes.length > 256 ? new Int32Array(size) : new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    const index = indexOf.get(targets[i]!);
    if (index === undefined) {
      throw new ExperimentError(
        `${targetPlaceOf(i)}: the class ${targets[i]} does not occur among the training examples, whose classes are ${listed(classes)}`,
      );
    }
    indices[i] = index;
  }
  return indices;
}

/** @throws ExperimentError unless every target is a finite number */
function numbersOf({ targets, size, targetPlaceOf }: OwnExamples): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => {
    const value = targets[i]!;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new ExperimentError(`${targetPlaceOf(i)}: expected a finite number to predict, found ${value}`);
  });
}

/** @throws ExperimentError if an input is NaN or infinite */
function checkInputs({ pixels, size, placeOf }: OwnExamples): void {
  const odd = pixels.findIndex((value: number) => !Number.isFinite(value));
  if (odd < 0) return;
  const example = Math.floor(odd / (pixels.length / size));
  throw new ExperimentError(`${placeOf(example)}: an input is ${pixels[odd]}; expected finite numbers`);
}

/** SHA-256 over inputs and targets of both parts. */
function checksumOf(sets: readonly (ImageSet | undefined)[]): string {
  const hash = createHash("sha256");
  for (const set of sets) {
    for (const { buffer, byteOffset, byteLength } of set ? [set.pixels, set.labels] : []) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    }
  }
  return hash.digest("hex");
}

/** "7 × 7", "28 × 28 × 3", "4 features" */
function sizeText({ height, width, channels }: Pick<OwnExamples, "height" | "width" | "channels">): string {
  if (height * width === 1) return `${channels} feature${channels === 1 ? "" : "s"}`;
  return `${height} × ${width}${channels > 1 ? ` × ${channels}` : ""}`;
}

interface OwnData {
  /** Registry name of the data set. */
  readonly name: string;
  readonly task: Task;
  readonly train: OwnExamples;
  readonly test?: OwnExamples | undefined;
  readonly split?: HoldoutOption | undefined;
  readonly source: string;
}

/** @throws ExperimentError if there are two test sets, or test examples of another size */
function checkTest({ train, test, split }: OwnData): void {
  if (!test) return;
  if (split) throw new ExperimentError("data.split: the test set has a file of its own; leave split or test out");
  if (sizeText(train) === sizeText(test)) return;
  throw new ExperimentError(
    `${test.placeOf(0)}: found ${sizeText(test)}; expected ${sizeText(train)}, as the training examples have`,
  );
}

/**
 * A data set of the user's.
 *
 * @throws ExperimentError naming the place, if examples do not fit each other, the task or the split
 */
export function ownDataset(data: OwnData): ImageDataset {
  const { name, task, train, test, split, source } = data;
  checkTest(data);
  for (const examples of test ? [train, test] : [train]) checkInputs(examples);
  const classes = task === "classification" ? classesOf(train) : [];
  const setOf = (examples: OwnExamples): ImageSet => ({
    size: examples.size,
    pixels: examples.pixels,
    labels: task === "classification" ? classIndices(examples, classes) : numbersOf(examples),
  });
  const parts = split ? splitUp(setOf(train), split) : { train: setOf(train), ...(test && { test: setOf(test) }) };
  const { height, width, channels } = train;
  return {
    ...{ name, height, width, channels, classes: classes.length, ...parts, source },
    checksum: checksumOf([parts.train, parts.test]),
  };
}

function splitUp(all: ImageSet, option: HoldoutOption): Pick<ImageDataset, "train" | "test"> {
  const { kept, heldOut } = holdOut(all.size, holdoutOf(option), "data.split");
  return { train: sharedSubset(all, kept), test: sharedSubset(all, heldOut) };
}
