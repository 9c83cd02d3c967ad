import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { RandomStream } from "../base/random.js";
import { float64 } from "../compute/float64.js";
import { randomOnSphere } from "./random-geometry.js";

const vector = z.array(z.number()).min(1);
const random = z.literal("random").default("random");
const onSphere = z.strictObject({
  norm: z.number().positive().describe("Euclidean norm."),
  direction: random.describe("Uniform on the sphere."),
});

/** w*: the origin, given, or at random on a sphere about the origin. */
export const optimumOption = z
  .union([z.literal("zero"), vector, onSphere], {
    error: 'expected "zero", a list of numbers, or {norm, direction: random}',
  })
  .default({ norm: 1, direction: "random" })
  .describe("The minimiser w*.");

/** True weights of generated data: given, or at random on a sphere. */
export const trueWeightsOption = z
  .union([vector, onSphere.extend({ dimension: z.number().int().positive().describe("Number of weights.") })], {
    error: "expected a list of numbers, or {dimension, norm, direction: random}",
  })
  .default({ dimension: 10, norm: 1, direction: "random" });

/** w_0: given, at random on a sphere about the origin, or at a distance from w* in one of the directions on offer. */
function startOption<const Directions extends readonly ["random", ...string[]]>(directions: Directions) {
  return z
    .union(
      [
        vector,
        onSphere,
        z.strictObject({ constant: z.number().describe("Every weight is this number.") }),
        z.strictObject({
          distance: z.number().positive().describe("‖w_0 − w*‖₂."),
          direction: z
            .enum(directions)
            .default("random" as Directions[number])
            .describe("Direction of w_0 − w*."),
        }),
      ],
      { error: `expected a list of numbers, {norm}, {constant}, or {distance, direction: ${directions.join(" | ")}}` },
    )
    .describe("The first iterate w_0.");
}

export const startNearOptimum = startOption(["random", "adversarial"])
  // Nearer to w* than the origin is, with the default optimum: T4c and T4d presuppose it.
  .default({ distance: 0.5, direction: "random" })
  .describe(
    "The first iterate w_0. The adversarial direction attains the bound of T4b: its squared components along the " +
      "eigenvectors of L and μ are in the ratio μ : L.",
  );

export const startAnywhere = startOption(["random"]).default({ norm: 1, direction: "random" });

export type OptimumOption = z.infer<typeof optimumOption>;
export type TrueWeightsOption = z.infer<typeof trueWeightsOption>;
export type StartOption = z.infer<typeof startNearOptimum>;

/** Reports an explicit vector of the wrong length; anything else passes. */
export function checkLength(value: unknown, dimension: number, path: string, context: z.RefinementCtx): void {
  if (!Array.isArray(value) || value.length === dimension) return;
  context.addIssue({
    code: "custom",
    path: [path],
    message: `${path} has ${value.length} entries but the problem has dimension ${dimension}: give one entry a dimension`,
  });
}

/** w* as the option says. */
export function optimumPoint(option: OptimumOption, dimension: number, stream: RandomStream): Float64Array {
  if (option === "zero") return new Float64Array(dimension);
  return Array.isArray(option) ? Float64Array.from(option) : randomOnSphere(dimension, option.norm, stream);
}

/** The weights that generated data follow: with several outputs a matrix, row by row one column an output. */
export function trueWeights(option: TrueWeightsOption, outputs: number, stream: RandomStream): Float64Array {
  if (Array.isArray(option)) return Float64Array.from(option);
  return randomOnSphere(option.dimension * outputs, option.norm, stream);
}

/** Weights of each output. */
export const dimensionOf = (option: TrueWeightsOption, outputs: number): number =>
  Array.isArray(option) ? option.length / outputs : option.dimension;

export interface StartContext {
  readonly dimension: number;
  readonly stream: RandomStream;
  /** w*, where it is known. */
  readonly optimum?: Float64Array | undefined;
  /** The unit vector of direction `adversarial`, where there is one. */
  readonly adversarialDirection?: Float64Array;
}

/**
 * w_0 as the option says.
 *
 * @throws ExperimentError for a list of the wrong length, or a distance from an optimum that is not known
 */
export function startPoint(option: StartOption, context: StartContext): Float64Array {
  const { dimension, stream, optimum } = context;
  if (Array.isArray(option)) {
    if (option.length === dimension) return Float64Array.from(option);
    throw new ExperimentError(
      `problem.start has ${option.length} entries but the problem has ${dimension} weights: give one entry a weight`,
    );
  }
  if ("constant" in option) return new Float64Array(dimension).fill(option.constant);
  if ("norm" in option) return randomOnSphere(dimension, option.norm, stream);
  if (!optimum) {
    throw new ExperimentError(
      "problem.start asks for a distance from the optimum, which is not known here: give {norm} or a list of numbers",
    );
  }
  const direction = option.direction === "adversarial" ? context.adversarialDirection : undefined;
  return float64.addScaled(optimum, option.distance, direction ?? randomOnSphere(dimension, 1, stream));
}
