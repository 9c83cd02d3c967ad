import { z } from "zod";
import type { RandomStream } from "../base/random.js";

/** A distribution of real numbers, as configs write it: {distribution: uniform, low: −100, high: 100}. */
export const distributionSchema = z
  .discriminatedUnion(
    "distribution",
    [
      z.strictObject({
        distribution: z.literal("normal"),
        mean: z.number().default(0).describe("Mean."),
        standardDeviation: z.number().positive().default(1).describe("Standard deviation."),
      }),
      z.strictObject({
        distribution: z.literal("lognormal"),
        logMean: z.number().default(0).describe("Mean of the logarithm."),
        logStandardDeviation: z.number().positive().default(1).describe("Standard deviation of the logarithm."),
      }),
      z
        .strictObject({
          distribution: z.literal("uniform"),
          low: z.number().default(-1).describe("Lower end of the range."),
          high: z.number().default(1).describe("Upper end of the range."),
        })
        .refine(({ low, high }) => low < high, { path: ["high"], error: "high must be greater than low" }),
      z.strictObject({
        distribution: z.literal("laplace"),
        scale: z.number().positive().default(1).describe("Mean magnitude."),
      }),
      z.strictObject({
        distribution: z.literal("cauchy"),
        scale: z.number().positive().default(1).describe("Half-width at half-maximum; the distribution has no mean."),
      }),
    ],
    { error: "expected {distribution: normal | lognormal | uniform | laplace | cauchy, …}" },
  )
  .describe("A distribution of real numbers.");

export type Distribution = z.infer<typeof distributionSchema>;

/** One draw. */
export function sample(from: Distribution, stream: RandomStream): number {
  switch (from.distribution) {
    case "normal":
      return from.mean + from.standardDeviation * stream.normal();
    case "lognormal":
      return Math.exp(from.logMean + from.logStandardDeviation * stream.normal());
    case "uniform":
      return from.low + (from.high - from.low) * stream.uniform();
    case "laplace": {
      // By inversion: the sign and the exponentially distributed magnitude are independent.
      const sign = stream.uniform() < 0.5 ? -1 : 1;
      return -sign * from.scale * Math.log(1 - stream.uniform());
    }
    case "cauchy":
      return from.scale * Math.tan(Math.PI * (stream.uniform() - 0.5));
  }
}

/** `count` independent draws. */
export function sampleMany(from: Distribution, count: number, stream: RandomStream): Float64Array {
  return Float64Array.from({ length: count }, () => sample(from, stream));
}
