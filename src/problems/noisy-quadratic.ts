import { z } from "zod";
import type { Algebra, Matrix } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { joined, separated, weightsFrom } from "./blocks.js";
import { distributionSchema } from "./distribution.js";
import { gatherRows, matrixOn } from "./linear-model.js";
import { analyticProblem, type Batch, type Objective, type Problem } from "./problem.js";
import { entriesOf, extremes, hessianOn, type QuadraticForm } from "./quadratic-form.js";

/** Examples that disagree about the optimum. */
export const noiseOption = z
  .strictObject({
    examples: z.number().int().positive().describe("Number of examples, n."),
    from: distributionSchema.describe("Distribution of each entry of ε_i."),
  })
  .describe("Examples with an optimum w* + ε_i each, of which a batch takes some; the minimiser is their mean.");

/** Numbers held of the examples: themselves, and what one step makes of all of them. */
export const noiseNumbers = (examples: number, dimension: number): number => 3 * examples * dimension;

export interface NoisyQuadratic extends Omit<QuadraticForm, "optimum"> {
  /** a_i, one a row. */
  readonly targets: Matrix<Float64Array>;
}

/** The mean of the rows. */
export const meanRow = (rows: Matrix<Float64Array>): Float64Array =>
  float64.divideBy(float64.columnSums(rows), rows.rows);

/**
 * f(w) = mean_i ½(w − a_i)ᵀH(w − a_i), that is ½(w − ā)ᵀH(w − ā) and a constant: the loss of a step is a batch's, and so
 * is its gradient, H(w − ā_B).
 */
export function noisyQuadratic(form: NoisyQuadratic): Problem {
  const { layers, hessian, targets } = form;
  const entries = entriesOf(hessian);
  const build = objectiveOf(form, entries);
  const optimum = meanRow(targets);
  const { smallest, largest } = extremes(hessian.eigenvalues);
  const weights = weightsFrom(float64, layers, optimum);
  const optimalValue = build(float64).lossAndGradients(weights, "full").loss;
  const constants = {
    convex: true,
    smoothness: largest,
    strongConvexity: smallest,
    optimum: weights,
    optimalValue,
    infimum: optimalValue,
    optimumSource: "mean of the examples' optima",
    quadratic: true,
  };
  return analyticProblem({ layers, examples: targets.rows, constants }, build);
}

const objectiveOf =
  ({ layers, hessian, targets, start }: NoisyQuadratic, dense: Float64Array | undefined) =>
  <V, S>(algebra: Algebra<V, S>): Objective<V, S> => {
    const full = matrixOn(algebra, targets);
    const kept = [full];
    const operator = hessianOn(algebra, hessian.eigenvalues, dense);
    const select = (batch: Batch) => (batch === "full" ? full : matrixOn(algebra, gatherRows(targets, batch)));
    /** The loss, and a matrix whose rows are the examples' gradients. */
    const evaluate = (w: V, examples: Matrix<V>) => {
      const errors = algebra.subtract(algebra.repeatRow(w, examples.rows), examples.entries);
      const gradients = operator.applyToRows({ ...examples, entries: errors });
      const loss = algebra.times(algebra.scalar(0.5 / examples.rows), algebra.dot(errors, gradients));
      return { loss, gradients: { ...examples, entries: gradients } };
    };
    return {
      initialWeights: () => weightsFrom(algebra, layers, start),
      lossAndGradients(weights, batch) {
        const examples = select(batch);
        const { loss, gradients } = evaluate(joined(algebra, weights), examples);
        const mean = algebra.scale(algebra.scalar(1 / examples.rows), algebra.columnSums(gradients));
        return { loss, gradients: separated(algebra, mean, weights) };
      },
      onTraining(batch) {
        const examples = select(batch);
        if (examples !== full) kept.push(examples);
        return (weights) => [{ loss: evaluate(joined(algebra, weights), examples).loss, examples: examples.rows }];
      },
      dispose: () => algebra.dispose([operator.entries, ...kept.map(({ entries }) => entries)]),
    };
  };
