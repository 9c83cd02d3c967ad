import { z } from "zod";
import { singleLayer } from "./blocks.js";
import { distributionSchema, sampleMany } from "./distribution.js";
import { hostFunction } from "./linear-model.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { defineProblem } from "./problem.js";
import { absoluteLoss, squaredLoss } from "./regression-losses.js";
import { type RegressionFacts, regressionProblem } from "./regression-problem.js";

const drawn = z.strictObject({
  count: z.number().int().min(2).describe("Number of targets."),
  from: distributionSchema,
});

const schema = z.strictObject({
  name: z.literal("scalar"),
  loss: z.enum(["quadratic", "absolute"]).default("quadratic").describe("ℓ(r) = ½r² or |r|."),
  target: z
    .union([z.number(), z.array(z.number()).min(2), drawn], {
      error: "expected a number, a list of two or more numbers, or {count, from: {distribution, …}}",
    })
    .default(1)
    .describe("The minimiser w*, or several targets a_i, of which a batch takes some (T9)."),
  curvature: z.number().positive().default(1).describe("a: the curvature of ½a·r², or the slope of a·|r|."),
  start: z.number().default(0.1).describe("The first iterate w_0."),
  lossScale: lossScaleOption,
});

type Options = z.infer<typeof schema>;

/** One dimension: the subject of T2, and with several targets of T9. */
export const scalar = defineProblem({
  name: "scalar",
  summary: "One weight: a quadratic, an absolute value, or the mean of several about their targets",
  version: 1,
  formula: "f(w) = a·mean_i ℓ(w − a_i), ℓ(r) = ½r² or |r|",
  needsData: false,
  schema,
  outline({ target }) {
    const count = typeof target === "number" ? 1 : Array.isArray(target) ? target.length : target.count;
    // The targets, the same sorted, and a feature of 1 for each.
    return { layers: singleLayer(1), ...(count > 1 && { examples: count }), numbers: 3 * count };
  },
  gradientJumps: ({ loss }) => loss === "absolute",
  create(options, context) {
    const { target } = options;
    const targets =
      typeof target === "number"
        ? Float64Array.of(target)
        : Array.isArray(target)
          ? Float64Array.from(target)
          : sampleMany(target.from, target.count, context.stream("problem"));
    // A linear model whose only feature is 1.
    const features = { rows: targets.length, columns: 1, entries: new Float64Array(targets.length).fill(1) };
    const loss = options.loss === "quadratic" ? squaredLoss : absoluteLoss;
    const model = { examples: { features, targets }, loss, ridge: 0, layers: singleLayer(1) };
    const optimum = Float64Array.of(options.loss === "quadratic" ? mean(targets) : median(targets));
    const facts = factsAbout(options.loss, targets, optimum, hostFunction(model)(optimum).value);
    const { examples, ...problem } = regressionProblem(model, facts, { start: [options.start], lossScale: 1 }, context);
    const data = targets.length > 1 ? { ...problem, examples: targets.length } : problem;
    return scaleLoss(options.curvature * options.lossScale, data);
  },
});

/** Of f with a = 1. */
function factsAbout(
  loss: Options["loss"],
  targets: Float64Array,
  optimum: Float64Array,
  optimalValue: number,
): RegressionFacts {
  return {
    convex: true,
    ...(loss === "quadratic" ? { smoothness: 1, strongConvexity: 1, quadratic: true } : { gradientBound: 1 }),
    optimum,
    optimalValue,
    infimum: optimalValue,
    optimumSource:
      targets.length === 1 ? "by construction" : loss === "quadratic" ? "mean of the targets" : "median of the targets",
    ...(targets.length > 1 && { reference: { mean: mean(targets), median: median(targets) } }),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
