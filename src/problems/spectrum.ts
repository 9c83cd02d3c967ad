import { z } from "zod";

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
    const ratio = spacing === "linear" ? 1 + (conditionNumber - 1) * fraction : conditionNumber ** fraction;
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
