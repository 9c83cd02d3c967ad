import { z } from "zod";
import type { Algebra, Matrix } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { joined, separated, weightsFrom } from "./blocks.js";
import { distributionSchema } from "./distribution.js";
import { gatherRows } from "./linear-model.js";
import { analyticProblem, type Batch, type Objective, type Problem } from "./problem.js";
import { entriesOf, extremes, hessianOn, type QuadraticForm } from "./quadratic-form.js";

/** Examples that disagree about the optimum. */
export const noiseOption = z
  .strictObject({
    examples: z.number().int().positive().describe("Number of examples, n."),
    from: distributionSchema.describe("Distribution of each entry of ε_i."),
  })
  .describe("Examples with an optimum w* + ε_i each, of which a batch takes some; the minimiser is their mean.");

/** Numbers held of the examples while they are made. */
export const noiseNumbers = (examples: number, dimension: number): number => 3 * examples * dimension;

export interface NoisyQuadratic extends Omit<QuadraticForm, "optimum"> {
  /** The optima a_i of the examples, one a row. */
  readonly optima: Matrix<Float64Array>;
}

/** The mean of the rows. */
export const meanRow = (rows: Matrix<Float64Array>): Float64Array =>
  float64.divideBy(float64.columnSums(rows), rows.rows);

/**
 * f(w) = mean_i ½(w − a_i)ᵀH(w − a_i). With e = w − ā and b_i = a_i − ā an example's loss is
 * ½eᵀHe − e·Hb_i + ½b_iᵀHb_i, of which only the last two terms are its own: a batch needs their means alone.
 */
export function noisyQuadratic({ layers, hessian, start, optima }: NoisyQuadratic): Problem {
  const dense = entriesOf(hessian);
  const optimum = meanRow(optima);
  const own = ownTerms(optima, optimum, hessianOn(float64, hessian.eigenvalues, dense));
  const everybody = { slope: new Float64Array(optimum.length), value: meanOf(own.values) };
  const select = (batch: Batch): Terms => (batch === "full" ? everybody : meanTerms(own, batch));
  const { smallest, largest } = extremes(hessian.eigenvalues);
  const constants = {
    convex: true,
    smoothness: largest,
    strongConvexity: smallest,
    optimum: weightsFrom(float64, layers, optimum),
    optimalValue: everybody.value,
    infimum: everybody.value,
    optimumSource: "mean of the examples' optima",
    quadratic: true,
  };
  return analyticProblem(
    { layers, examples: optima.rows, constants },
    <V, S>(algebra: Algebra<V, S>): Objective<V, S> => {
      const center = algebra.vector(optimum);
      const operator = hessianOn(algebra, hessian.eigenvalues, dense);
      const lossAndSlope = (weights: readonly V[], { slope, value }: Terms) => {
        const error = algebra.subtract(joined(algebra, weights), center);
        const shared = operator.apply(error);
        const half = algebra.times(algebra.scalar(0.5), algebra.dot(error, shared));
        const linear = algebra.vector(slope);
        const loss = algebra.minus(algebra.plus(half, algebra.scalar(value)), algebra.dot(error, linear));
        return { loss, gradient: algebra.subtract(shared, linear) };
      };
      return {
        initialWeights: () => weightsFrom(algebra, layers, start),
        lossAndGradients(weights, batch) {
          const { loss, gradient } = lossAndSlope(weights, select(batch));
          return { loss, gradients: separated(algebra, gradient, weights) };
        },
        onTraining(batch) {
          const terms = select(batch);
          const examples = batch === "full" ? optima.rows : batch.length;
          return (weights) => [{ loss: lossAndSlope(weights, terms).loss, examples }];
        },
        dispose: () => algebra.dispose([center, operator.entries]),
      };
    },
  );
}

/** The means over some examples of Hb_i and ½b_iᵀHb_i. */
interface Terms {
  readonly slope: Float64Array;
  readonly value: number;
}

interface OwnTerms {
  /** Hb_i, one a row. */
  readonly slopes: Matrix<Float64Array>;
  /** ½b_iᵀHb_i */
  readonly values: Float64Array;
}

function ownTerms(
  { rows, columns, entries }: Matrix<Float64Array>,
  mean: Float64Array,
  hessian: { apply(x: Float64Array): Float64Array },
): OwnTerms {
  const slopes = new Float64Array(rows * columns);
  const values = Float64Array.from({ length: rows }, (_, i) => {
    const deviation = float64.subtract(entries.subarray(i * columns, (i + 1) * columns), mean);
    const slope = hessian.apply(deviation);
    slopes.set(slope, i * columns);
    return float64.dot(deviation, slope) / 2;
  });
  return { slopes: { rows, columns, entries: slopes }, values };
}

const meanOf = (values: Float64Array): number => float64.sum(values) / values.length;

const meanTerms = ({ slopes, values }: OwnTerms, batch: Int32Array): Terms => ({
  slope: meanRow(gatherRows(slopes, batch)),
  value: meanOf(Float64Array.from(batch, (i) => values[i]!)),
});
