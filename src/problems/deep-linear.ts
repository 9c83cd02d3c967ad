import { z } from "zod";
import type { RandomStream } from "../base/random.js";
import type { Algebra, Matrix } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { gatherRows, matrixOn } from "./linear-model.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { analyticProblem, type Batch, defineProblem, type Objective } from "./problem.js";
import { normalVector } from "./random-geometry.js";

const schema = z.strictObject({
  name: z.literal("deep-linear"),
  dimensions: z
    .array(z.number().int().positive())
    .min(3, {
      error: "deep-linear needs two or more layers: give three or more dimensions, [inputs, hidden, …, outputs]",
    })
    .default([4, 4, 4, 4])
    .describe("Number of inputs, hidden units of each layer, outputs."),
  examples: z.number().int().positive().default(20).describe("Number of examples, n."),
  initialScale: z
    .number()
    .positive()
    .default(1)
    .describe("w_0 is normal with the standard deviation initialScale/√(inputs of the layer)."),
  lossScale: lossScaleOption,
});

/** Inputs and outputs, one example a row. */
interface Pairs<V> {
  readonly inputs: Matrix<V>;
  readonly outputs: Matrix<V>;
}

/**
 * A product of matrices fitted to the outputs of another such product: not convex, with infimum 0, which is attained.
 * Its gradient is a polynomial of the weights, so no L holds everywhere, and bounds that need one do not apply.
 */
export const deepLinear = defineProblem({
  name: "deep-linear",
  summary: "Linear network of several layers: not convex, smooth only locally, minimum 0",
  version: 1,
  formula: "f(W) = (1/2n)‖W_N⋯W_1X − Y‖_F²",
  needsData: false,
  schema,
  outline: ({ dimensions, examples }) => ({
    layers: layersOf(dimensions),
    examples,
    numbers: examples * (dimensions[0]! + dimensions.at(-1)!),
  }),
  create({ dimensions, examples, initialScale, lossScale }, context) {
    const layers = layersOf(dimensions);
    const stream = context.stream("problem");
    const teacher = layers.map(({ shape }) => normalMatrix(shape, 1, stream));
    const inputs = {
      rows: examples,
      columns: dimensions[0]!,
      entries: normalVector(examples * dimensions[0]!, stream),
    };
    const pairs = { inputs, outputs: forward(float64, inputs, teacher).at(-1)! };
    const initialisation = context.stream("initialisation");
    const start = layers.map(({ shape }) => normalMatrix(shape, initialScale, initialisation));
    const constants = { convex: false, optimalValue: 0, infimum: 0 };
    const problem = analyticProblem({ layers, examples, constants }, (algebra) => objective(algebra, pairs, start));
    return scaleLoss(lossScale, problem);
  },
});

const layersOf = (dimensions: readonly number[]) =>
  dimensions.slice(1).map((outputs, i) => ({ name: `W${i + 1}`, shape: [outputs, dimensions[i]!] as const }));

function normalMatrix([rows, columns]: readonly [number, number], scale: number, stream: RandomStream) {
  const entries = float64.scale(scale / Math.sqrt(columns), normalVector(rows * columns, stream));
  return { rows, columns, entries };
}

/** H_0 = X, H_l = H_{l−1}W_lᵀ, one example a row. */
function forward<V, S>(algebra: Algebra<V, S>, inputs: Matrix<V>, weights: readonly Matrix<V>[]): Matrix<V>[] {
  const activations = [inputs];
  for (const W of weights) activations.push(algebra.multiplyMatrices(activations.at(-1)!, algebra.transpose(W)));
  return activations;
}

/** The gradients D_lᵀH_{l−1}, where D_N = (H_N − Y)/n and D_{l−1} = D_lW_l. */
function backward<V, S>(
  algebra: Algebra<V, S>,
  activations: readonly Matrix<V>[],
  weights: readonly Matrix<V>[],
  last: Matrix<V>,
): V[] {
  const gradients: V[] = [];
  let sensitivity = last;
  for (let layer = weights.length - 1; layer >= 0; layer--) {
    gradients[layer] = algebra.multiplyMatrices(algebra.transpose(sensitivity), activations[layer]!).entries;
    if (layer > 0) sensitivity = algebra.multiplyMatrices(sensitivity, weights[layer]!);
  }
  return gradients;
}

function objective<V, S>(
  algebra: Algebra<V, S>,
  pairs: Pairs<Float64Array>,
  start: readonly Matrix<Float64Array>[],
): Objective<V, S> {
  const onAlgebra = ({ inputs, outputs }: Pairs<Float64Array>): Pairs<V> => ({
    inputs: matrixOn(algebra, inputs),
    outputs: matrixOn(algebra, outputs),
  });
  const full = onAlgebra(pairs);
  const kept = [full];
  const select = (batch: Batch) =>
    batch === "full"
      ? full
      : onAlgebra({ inputs: gatherRows(pairs.inputs, batch), outputs: gatherRows(pairs.outputs, batch) });
  const matrices = (weights: readonly V[]) => weights.map((entries, i) => ({ ...start[i]!, entries }));
  const evaluate = (weights: readonly Matrix<V>[], { inputs, outputs }: Pairs<V>) => {
    const activations = forward(algebra, inputs, weights);
    const residuals = algebra.subtract(activations.at(-1)!.entries, outputs.entries);
    const loss = algebra.times(algebra.scalar(0.5 / inputs.rows), algebra.dot(residuals, residuals));
    return { activations, residuals, loss };
  };
  return {
    initialWeights: () => start.map((matrix) => matrixOn(algebra, matrix).entries),
    lossAndGradients(weights, batch) {
      const layers = matrices(weights);
      const { inputs, outputs } = select(batch);
      const { activations, residuals, loss } = evaluate(layers, { inputs, outputs });
      const last = { ...outputs, entries: algebra.scale(algebra.scalar(1 / inputs.rows), residuals) };
      return { loss, gradients: backward(algebra, activations, layers, last) };
    },
    onTraining(batch) {
      const examples = select(batch);
      if (examples !== full) kept.push(examples);
      return (weights) => [{ loss: evaluate(matrices(weights), examples).loss, examples: examples.inputs.rows }];
    },
    dispose: () => algebra.dispose(kept.flatMap(({ inputs, outputs }) => [inputs.entries, outputs.entries])),
  };
}
