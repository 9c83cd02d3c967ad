import { z } from "zod";
import type { RandomStream } from "../base/random.js";
import type { Matrix } from "../compute/algebra.js";
import { singleLayer } from "./blocks.js";
import { sampleMany } from "./distribution.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { meanRow, noiseNumbers, noiseOption, noisyQuadratic } from "./noisy-quadratic.js";
import { checkLength, optimumOption, optimumPoint, startNearOptimum, startPoint } from "./points.js";
import { defineProblem, type ProblemContext } from "./problem.js";
import { adversarialDirection, denseNumbers, type Eigensystem, quadraticForm } from "./quadratic-form.js";
import { haarRotation } from "./random-geometry.js";
import { givenRotation, isGiven, isInFile, type Rotation, rotationOf } from "./rotation.js";
import {
  checkCondition,
  drawEigenvalues,
  drawnSpectrum,
  spacedEigenvalues,
  spacedSpectrumOptions,
  spectrumLength,
} from "./spectrum.js";

const schema = z
  .strictObject({
    name: z.literal("quadratic"),
    dimension: z
      .number()
      .int()
      .positive()
      .optional()
      .describe("Number of weights; default: the spectrum's length, or 10."),
    spectrum: drawnSpectrum.optional().describe("The eigenvalues of H, given or drawn, instead of conditionNumber."),
    ...spacedSpectrumOptions,
    conditionNumber: spacedSpectrumOptions.conditionNumber
      .optional()
      .describe("κ = L/μ; the eigenvalues lie between μ and κμ. Default, without a spectrum: 10."),
    rotation: z
      .union([z.enum(["none", "random"]), givenRotation], {
        error: "expected none, random, a matrix as a list of rows, or {file}",
      })
      .default("random")
      .describe("Eigenvectors of H: the coordinate axes, Haar-distributed, or the columns of a matrix."),
    optimum: optimumOption,
    noise: noiseOption.optional(),
    start: startNearOptimum,
    lossScale: lossScaleOption,
  })
  .superRefine((options, context) => {
    const dimension = dimensionOf(options);
    if (options.spectrum && spectrumLength(options.spectrum) !== dimension) {
      context.addIssue({
        code: "custom",
        path: ["spectrum"],
        message: `spectrum has ${spectrumLength(options.spectrum)} entries but the problem has dimension ${dimension}: give one entry a dimension`,
      });
    }
    checkLength(options.optimum, dimension, "optimum", context);
    checkLength(options.start, dimension, "start", context);
    if (!options.spectrum) checkCondition(dimension, conditionNumberOf(options), context);
    if (options.spectrum && options.conditionNumber !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["conditionNumber"],
        message: "the spectrum determines the condition number: give one of them",
      });
    }
  });

type Options = z.infer<typeof schema>;
type Noise = NonNullable<Options["noise"]>;

function dimensionOf({ dimension, spectrum }: Pick<Options, "dimension" | "spectrum">): number {
  return dimension ?? (spectrum ? spectrumLength(spectrum) : 10);
}

function conditionNumberOf(options: Options): number {
  return options.conditionNumber ?? (dimensionOf(options) === 1 ? 1 : 10);
}

function eigenvaluesOf(options: Options, context: ProblemContext): Float64Array {
  if (options.spectrum) return drawEigenvalues(options.spectrum, context.stream("spectrum"));
  const { spacing, strongConvexity } = options;
  return spacedEigenvalues({
    dimension: dimensionOf(options),
    conditionNumber: conditionNumberOf(options),
    spacing,
    strongConvexity,
  });
}

/** The eigenvectors; none for the coordinate axes. */
function rotationFor(
  rotation: Options["rotation"],
  dimension: number,
  stream: RandomStream,
  directory: string,
): Partial<Rotation> {
  if (isGiven(rotation)) return rotationOf(rotation, dimension, directory);
  return rotation === "random" ? { eigenvectors: haarRotation(dimension, stream) } : {};
}

/** Each row the centre and noise. */
function optimaAbout(center: Float64Array, { examples, from }: Noise, stream: RandomStream): Matrix<Float64Array> {
  const columns = center.length;
  const noise = sampleMany(from, examples * columns, stream);
  return { rows: examples, columns, entries: noise.map((entry, i) => center[i % columns]! + entry) };
}

/** The strongly convex quadratic of T3–T7, with everything about it known. */
export const quadratic = defineProblem({
  name: "quadratic",
  summary:
    "Strongly convex quadratic with a chosen spectrum, rotation and optimum, or the mean of several about their optima",
  version: 2,
  formula: "f(w) = ½(w − w*)ᵀH(w − w*)",
  needsData: false,
  schema,
  outline(options) {
    if (isInFile(options.rotation)) return undefined;
    const dimension = dimensionOf(options);
    const examples = options.noise?.examples;
    return {
      layers: singleLayer(dimension),
      ...(examples !== undefined && { examples }),
      numbers:
        (options.rotation === "none" ? dimension : denseNumbers(dimension)) + noiseNumbers(examples ?? 0, dimension),
    };
  },
  create(options, context) {
    const dimension = dimensionOf(options);
    const stream = context.stream("problem");
    // Drawn first, so that w* does not depend on the rotation.
    const center = optimumPoint(options.optimum, dimension, stream);
    const eigenvalues = eigenvaluesOf(options, context);
    const { checksum, ...rotation } = rotationFor(options.rotation, dimension, stream, context.directory);
    const hessian: Eigensystem = { eigenvalues, ...rotation };
    const optima = options.noise && optimaAbout(center, options.noise, context.stream("noise"));
    const optimum = optima ? meanRow(optima) : center;
    const start = startPoint(options.start, {
      dimension,
      optimum,
      stream: context.stream("initialisation"),
      adversarialDirection: adversarialDirection(hessian),
    });
    const form = { layers: singleLayer(dimension), hessian, start };
    const problem = optima ? noisyQuadratic({ ...form, optima }) : quadraticForm({ ...form, optimum });
    return scaleLoss(options.lossScale, { ...problem, ...(checksum !== undefined && { checksum }) });
  },
});
