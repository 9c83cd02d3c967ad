import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { Matrix } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import type { Layer } from "../compute/layer.js";
import type { ImageDataset } from "../data/dataset.js";
import { readExamples } from "./csv-table.js";
import { datasetExamples } from "./dataset-examples.js";
import { type Distribution, distributionSchema, sample, sampleMany } from "./distribution.js";
import type { Examples, HeldOutExamples } from "./linear-model.js";
import { dimensionOf, startAnywhere, trueWeights, trueWeightsOption } from "./points.js";
import type { Outline, ProblemContext } from "./problem.js";

const generated = z.strictObject({
  source: z.literal("generated").default("generated").describe("Data are drawn from the run's random streams."),
  examples: z.number().int().positive().default(100).describe("Number of examples, n."),
  weights: trueWeightsOption.describe("The true weights; the last one is the intercept's where there is one."),
  design: distributionSchema
    .default({ distribution: "normal", mean: 0, standardDeviation: 1 })
    .describe("Distribution of the features."),
});

const noise = z
  .union([z.number().nonnegative(), distributionSchema], {
    error: "expected a standard deviation ≥ 0 or a distribution",
  })
  .default(0)
  .describe("What is added to the targets: the standard deviation of normal noise, or a distribution.");

const csv = z.strictObject({
  source: z.literal("csv").describe("Data come from a CSV file with a header line."),
  file: z.string().min(1).describe("Path of the file, relative to the config's directory."),
  target: z.string().min(1).describe("Name of the target's column."),
  features: z.array(z.string()).min(1).optional().describe("Names of the feature columns; default: all others."),
});

const generatedDefaults = {
  source: "generated",
  examples: 100,
  weights: { dimension: 10, norm: 1, direction: "random" },
  design: { distribution: "normal", mean: 0, standardDeviation: 1 },
} as const;
const wrongSource = { error: "expected source: generated or source: csv" };

const generatedRegression = generated.extend({ noise });

/** Examples of a linear model with additive noise. */
export const regressionDataOption = z
  .discriminatedUnion("source", [generatedRegression, csv], wrongSource)
  .default({ ...generatedDefaults, noise: 0 })
  .describe("Where the examples come from.");

/** The same, of which each may have several targets. */
export const severalTargetsDataOption = z
  .discriminatedUnion(
    "source",
    [
      generatedRegression.extend({
        outputs: z
          .number()
          .int()
          .positive()
          .optional()
          .describe("Targets of each example, default 1; a list of weights has, row by row, one number an output."),
      }),
      csv.extend({
        target: z
          .union([csv.shape.target, z.array(z.string().min(1)).min(1)], {
            error: "expected the name of a column, or a list of names",
          })
          .describe("Name of the target's column, or of several, one an output."),
      }),
    ],
    wrongSource,
  )
  .default({ ...generatedDefaults, noise: 0 })
  .describe("Where the examples come from.");

/** The same as regressionDataOption, for problems that take no file. */
export const generatedRegressionOption = generatedRegression
  .default({ ...generatedDefaults, noise: 0 })
  .describe("How the examples are made.");

/** Examples with labels ±1, drawn from the logistic model. */
export const classificationDataOption = z
  .discriminatedUnion("source", [generated, csv], wrongSource)
  .default({ ...generatedDefaults })
  .describe("Where the examples come from; a file's labels are −1 and 1, or 0 and 1.");

export const interceptSwitch = z.boolean().default(false).describe("Adds a last feature that is 1 in every example.");

/** What the regression problems in one layer share. */
export const linearModelOptions = {
  intercept: z
    .union([z.boolean(), z.literal("layer")], { error: 'expected true, false or "layer"' })
    .default(false)
    .describe('Adds a last feature that is 1 in every example; with "layer" its weight is a layer of its own.'),
  start: startAnywhere.describe("The first iterate w_0; a list ends with the intercept."),
};

type InterceptOption = z.infer<typeof linearModelOptions.intercept>;

/**
 * The layers of a linear model: w, of as many columns as there are outputs, and the intercept where it is one of its own.
 *
 * @param columns features, the intercept's among them
 * @throws ExperimentError where an intercept of its own would leave no weight
 */
export function linearLayers(columns: number, intercept: InterceptOption, outputs = 1): Layer[] {
  const matrix = (rows: number) => (outputs === 1 ? [rows] : [rows, outputs]);
  if (intercept !== "layer") return [{ name: "w", shape: matrix(columns) }];
  if (columns > 1) {
    return [
      { name: "w", shape: matrix(columns - 1) },
      { name: "intercept", shape: [outputs] },
    ];
  }
  throw new ExperimentError(
    'problem.intercept: "layer" leaves no feature for the other layer; give one more, or set it to true',
  );
}

export const ridgeOption = z.number().nonnegative().describe("Adds (ridge/2)‖w‖₂² to the loss.");

/** Targets of each generated example. */
const outputsAsked = (data: object & { outputs?: number | undefined }): number => data.outputs ?? 1;

/** What generated examples amount to; undefined for those of a file. */
export function regressionOutline(
  { data, intercept }: { data: RegressionData | ClassificationData; intercept: InterceptOption },
  layers?: readonly Layer[],
): Outline | undefined {
  if (data.source === "csv") return undefined;
  const outputs = outputsAsked(data);
  const dimension = dimensionOf(data.weights, outputs);
  return {
    layers: layers ?? linearLayers(dimension, intercept, outputs),
    examples: data.examples,
    numbers: data.examples * (dimension + outputs),
  };
}

type RegressionData = z.infer<typeof regressionDataOption> | z.infer<typeof severalTargetsDataOption>;
type ClassificationData = z.infer<typeof classificationDataOption>;
type Generated = z.infer<typeof generated>;

export interface RegressionExamples extends Examples, HeldOutExamples {
  /** The weights that fit every target exactly; absent with noise and for data from a file. */
  readonly exactWeights?: Float64Array;
}

/** Losses square them, and the eigenvalues of XᵀX are found by squares once more. */
const largestMagnitude = 1e75;

/** @throws ExperimentError if a number of the examples is too large to compute with */
function inRange<E extends Examples>(examples: E): E {
  const isOdd = (value: number) => !(Math.abs(value) <= largestMagnitude);
  const odd = examples.features.entries.find(isOdd) ?? examples.targets.find(isOdd);
  if (odd === undefined) return examples;
  throw new ExperimentError(
    `problem.data: the examples hold ${odd}; expected magnitudes of at most ${largestMagnitude}, whose fourth powers are numbers`,
  );
}

/** Examples y_i = x_i·w + noise, or those of a file. */
export async function regressionExamples(
  options: { data: RegressionData; intercept: InterceptOption },
  context: ProblemContext,
): Promise<RegressionExamples> {
  return inRange(context.dataset ? fromDataset(options, context.dataset) : await readRegression(options, context));
}

async function readRegression(
  { data, intercept }: { data: RegressionData; intercept: InterceptOption },
  context: ProblemContext,
): Promise<RegressionExamples> {
  if (data.source === "csv") return fromFile(data, intercept, context);
  const outputs = outputsAsked(data);
  const { features, weights } = generate(data, intercept, context, outputs);
  const W = { rows: features.columns, columns: outputs, entries: weights };
  const exactTargets =
    outputs === 1 ? float64.multiplyMatrix(features, weights) : float64.multiplyMatrices(features, W).entries;
  if (data.noise === 0) return { features, targets: exactTargets, exactWeights: weights };
  const noise: Distribution =
    typeof data.noise === "number" ? { distribution: "normal", mean: 0, standardDeviation: data.noise } : data.noise;
  const drawn = sampleMany(noise, exactTargets.length, context.stream("noise"));
  return { features, targets: float64.add(exactTargets, drawn) };
}

/** Examples with labels ±1: y_i = 1 with probability 1/(1 + e^{−x_i·w}), or those of a file. */
export async function classificationExamples(
  options: { data: ClassificationData; intercept: InterceptOption },
  context: ProblemContext,
): Promise<Examples & HeldOutExamples> {
  return inRange(
    context.dataset ? fromTwoClasses(options, context.dataset) : await readClassification(options, context),
  );
}

/**
 * The examples of the config's data set.
 *
 * @throws ExperimentError if the problem's own option asks for others
 */
function fromDataset(
  { data, intercept }: { data: RegressionData | ClassificationData; intercept: InterceptOption },
  dataset: ImageDataset,
): Examples & HeldOutExamples {
  const defaults = [generatedDefaults, { ...generatedDefaults, noise: 0 }];
  if (!defaults.some((standard) => isDeepStrictEqual(data, standard))) {
    throw new ExperimentError("problem.data: the examples are those of data; leave one of the two out");
  }
  const completed = <E extends Examples>(examples: E): E =>
    intercept ? { ...examples, features: withOnes(examples.features) } : examples;
  return inAllParts(datasetExamples(dataset), completed);
}

/** The same with the labels −1 and 1 for the first and the second class. */
const fromTwoClasses = (options: { data: ClassificationData; intercept: InterceptOption }, dataset: ImageDataset) =>
  inAllParts(fromDataset(options, dataset), (examples) => ({
    ...examples,
    targets: examples.targets.map((label) => 2 * label - 1),
  }));

/** Changes training examples and those that are held out alike. */
function inAllParts(
  { validation, test, ...train }: Examples & HeldOutExamples,
  change: (examples: Examples) => Examples,
): Examples & HeldOutExamples {
  return {
    ...change(train),
    ...(validation && { validation: change(validation) }),
    ...(test && { test: change(test) }),
  };
}

async function readClassification(
  { data, intercept }: { data: ClassificationData; intercept: InterceptOption },
  context: ProblemContext,
): Promise<Examples> {
  if (data.source === "csv") {
    const { targets, ...examples } = fromFile(data, intercept, context);
    return { ...examples, targets: targets.map((target, i) => signLabel(target, i, data.file)) };
  }
  const { features, weights } = generate(data, intercept, context);
  const probabilities = float64.logistic(float64.multiplyMatrix(features, weights)).sigmoid;
  const stream = context.stream("noise");
  return { features, targets: probabilities.map((probability) => (stream.uniform() < probability ? 1 : -1)) };
}

function generate(data: Generated, intercept: InterceptOption, context: ProblemContext, outputs = 1) {
  const stream = context.stream("problem");
  // Drawn first, so that the weights do not depend on the number of examples.
  const weights = trueWeights(data.weights, outputs, stream);
  const columns = weights.length / outputs;
  const entries = Float64Array.from({ length: data.examples * columns }, (_, i) =>
    intercept && i % columns === columns - 1 ? 1 : sample(data.design, stream),
  );
  return { weights, features: { rows: data.examples, columns, entries } };
}

function fromFile(
  source: Extract<RegressionData, { source: "csv" }>,
  intercept: InterceptOption,
  { directory }: ProblemContext,
): Examples {
  const { features, targets } = readExamples({ ...source, targets: [source.target].flat(), directory });
  const complete = intercept ? withOnes(features) : features;
  if (complete.columns > 0) return { features: complete, targets, checksum: checksumOf(complete.entries, targets) };
  throw new ExperimentError(`${source.file} has no feature column besides the target: add one or set intercept: true`);
}

function checksumOf(...arrays: readonly Float64Array[]): string {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
}

function withOnes({ rows, columns, entries }: Matrix<Float64Array>): Matrix<Float64Array> {
  const wider = new Float64Array(rows * (columns + 1)).fill(1);
  for (let i = 0; i < rows; i++) {
    wider.set(entries.subarray(i * columns, (i + 1) * columns), i * (columns + 1));
  }
  return { rows, columns: columns + 1, entries: wider };
}

function signLabel(target: number, index: number, file: string): number {
  if (target === 1) return 1;
  if (target === -1 || target === 0) return -1;
  throw new ExperimentError(`${file}: label ${target} of example ${index + 1}: expected −1 and 1, or 0 and 1`);
}
