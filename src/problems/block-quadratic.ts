import { isDeepStrictEqual } from "node:util";
import { Matrix } from "ml-matrix";
import { z } from "zod";
import type { RandomStream } from "../base/random.js";
import { blockLayers } from "./blocks.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { checkLength, optimumOption, optimumPoint, startNearOptimum, startPoint } from "./points.js";
import { defineProblem } from "./problem.js";
import { adversarialDirection, denseNumbers, quadraticForm } from "./quadratic-form.js";
import { haarRotation } from "./random-geometry.js";
import { givenRotation, isGiven, isInFile, type Rotation, rotationOf } from "./rotation.js";
import { explicitSpectrum, spacedEigenvalues, spacedSpectrumOptions } from "./spectrum.js";

const schema = z
  .strictObject({
    name: z.literal("block-quadratic"),
    blocks: z
      .array(z.number().int().positive())
      .min(2, { error: "block-quadratic needs two or more blocks; for one, use the problem quadratic" })
      .default([5, 3, 2])
      .describe("Sizes of the layers."),
    spectra: z
      .array(explicitSpectrum)
      .optional()
      .describe("Eigenvalues block by block, instead of conditionNumber; with a rotation within blocks those of each."),
    ...spacedSpectrumOptions,
    conditionNumber: spacedSpectrumOptions.conditionNumber.default(10),
    rotation: z
      .union([z.enum(["none", "within-blocks", "random"]), givenRotation], {
        error: "expected none, within-blocks, random, a matrix as a list of rows, or {file}",
      })
      .optional()
      .describe(
        "Eigenvectors of H: the coordinate axes, Haar-distributed within each block or, coupling them, over all, or the columns of a matrix. Default: random; with spectra within-blocks.",
      ),
    optimum: optimumOption,
    start: startNearOptimum,
    lossScale: lossScaleOption,
  })
  .superRefine((options, context) => {
    checkLength(options.optimum, total(options.blocks), "optimum", context);
    checkLength(options.start, total(options.blocks), "start", context);
    const sizes = options.spectra?.map(({ length }) => length);
    if (!sizes || isDeepStrictEqual(sizes, options.blocks)) return;
    context.addIssue({
      code: "custom",
      path: ["spectra"],
      message: `the spectra have ${sizes.join(", ")} eigenvalues but the blocks ${options.blocks.join(", ")} weights: make them agree`,
    });
  });

function total(blocks: readonly number[]): number {
  return blocks.reduce((sum, size) => sum + size, 0);
}

type Options = z.infer<typeof schema>;

/** The eigenvectors: for all blocks together, or block by block; none for the coordinate axes. */
function rotationFor(options: Options, stream: RandomStream, directory: string): Partial<Rotation> {
  const { blocks, spectra, rotation = spectra ? "within-blocks" : "random" } = options;
  const dimension = total(blocks);
  if (isGiven(rotation)) return rotationOf(rotation, dimension, directory);
  if (rotation === "none") return {};
  if (rotation === "random") return { eigenvectors: haarRotation(dimension, stream) };
  const eigenvectors = Matrix.zeros(dimension, dimension);
  let first = 0;
  for (const size of blocks) {
    eigenvectors.setSubMatrix(haarRotation(size, stream), first, first);
    first += size;
  }
  return { eigenvectors };
}

/** A quadratic cut into layers, for T8; a Haar-distributed eigenbasis couples each with every other. */
export const blockQuadratic = defineProblem({
  name: "block-quadratic",
  summary: "Strongly convex quadratic in several layers, coupled or not",
  version: 2,
  formula: "f(w) = ½(w − w*)ᵀH(w − w*), w = (w¹, w², …)",
  needsData: false,
  schema,
  outline: ({ blocks, rotation }) =>
    isInFile(rotation) ? undefined : { layers: blockLayers(blocks), numbers: denseNumbers(total(blocks)) },
  create(options, context) {
    const dimension = total(options.blocks);
    const stream = context.stream("problem");
    const optimum = optimumPoint(options.optimum, dimension, stream);
    const eigenvalues = options.spectra
      ? Float64Array.from(options.spectra.flat())
      : spacedEigenvalues({ ...options, dimension });
    const { checksum, ...rotation } = rotationFor(options, stream, context.directory);
    const hessian = { eigenvalues, ...rotation };
    const start = startPoint(options.start, {
      dimension,
      optimum,
      stream: context.stream("initialisation"),
      adversarialDirection: adversarialDirection(hessian),
    });
    const problem = quadraticForm({ layers: blockLayers(options.blocks), hessian, optimum, start });
    return scaleLoss(options.lossScale, { ...problem, ...(checksum !== undefined && { checksum }) });
  },
});
