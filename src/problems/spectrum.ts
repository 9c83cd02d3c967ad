import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { power } from "../base/power.js";
import type { RandomStream } from "../base/random.js";
import { distributionSchema, sampleMany } from "./distribution.js";

/** The options that lay out the eigenvalues of a generated Hessian. */
export const spacedSpectrumOptions = {
  conditionNumber: z.number().min(1).describe("κ = L/μ, the ratio of the largest to the smallest eigenvalue."),
  spacing: z
    .enum(["linear", "logarithmic"])
    .default("logarithmic")
    .describe("How the eigenvalues between μ and L = κμ are spaced."),
  strongConvexity: z.number().positive().default(1).describe("μ, the smallest eigenvalue."),
};

/** What an explicit list of eigenvalues must be. */
export const explicitSpectrum = z
  .array(z.number().positive({ error: "eigenvalues must be positive: the problem is strongly convex" }))
  .min(1);

/** Eigenvalues, each given or several drawn together. */
export const drawnSpectrum = z
  .array(
    z.union(
      [
        explicitSpectrum.element,
        z.strictObject({
          count: z.number().int().positive().describe("Number of eigenvalues."),
          from: distributionSchema,
        }),
      ],
      { error: "expected positive numbers, and {count, from: {distribution, …}} for several that are drawn" },
    ),
  )
  .min(1);

export type DrawnSpectrum = z.infer<typeof drawnSpectrum>;

/** How many eigenvalues they are. */
export const spectrumLength = (spectrum: DrawnSpectrum): number =>
  spectrum.reduce<number>((sum, part) => sum + (typeof part === "number" ? 1 : part.count), 0);

/**
 * The eigenvalues, in the order of the list.
 *
 * @throws ExperimentError if one that is drawn is not positive
 */
export function drawEigenvalues(spectrum: DrawnSpectrum, stream: RandomStream): Float64Array {
  const eigenvalues = spectrum.flatMap((part) =>
    typeof part === "number" ? [part] : Array.from(sampleMany(part.from, part.count, stream)),
  );
  const odd = eigenvalues.find((eigenvalue) => !(eigenvalue > 0));
  if (odd === undefined) return Float64Array.from(eigenvalues);
  throw new ExperimentError(
    `problem.spectrum: an eigenvalue of ${odd} was drawn; expected positive ones, as from {distribution: uniform, low: 0} or lognormal`,
  );
}

export interface SpacedSpectrum {
  readonly dimension: number;
  readonly conditionNumber: number;
  readonly spacing: "linear" | "logarithmic";
  readonly strongConvexity: number;
}

/** `dimension` eigenvalues from μ to κμ, ascending, both ends exact; in one dimension μ alone. */
export function spacedEigenvalues({
  dimension,
  conditionNumber,
  spacing,
  strongConvexity,
}: SpacedSpectrum): Float64Array {
  const eigenvalues = Float64Array.from({ length: dimension }, (_, i) => {
    const fraction = dimension === 1 ? 0 : i / (dimension - 1);
    const ratio = spacing === "linear" ? 1 + (conditionNumber - 1) * fraction : power(conditionNumber, fraction);
    return strongConvexity * ratio;
  });
  if (dimension > 1) eigenvalues[dimension - 1] = strongConvexity * conditionNumber;
  return eigenvalues;
}

/** A single eigenvalue has condition number 1. */
export function checkCondition(dimension: number, conditionNumber: number, context: z.RefinementCtx): void {
  if (dimension > 1 || conditionNumber === 1) return;
  context.addIssue({
    code: "custom",
    path: ["conditionNumber"],
    message: `one dimension has one eigenvalue: set conditionNumber to 1 (it is ${conditionNumber}) or raise the dimension`,
  });
}
