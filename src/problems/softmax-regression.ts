import { z } from "zod";
import type { Matrix } from "../compute/algebra.js";
import { type ImageDataset, imageSize } from "../data/dataset.js";
import { InputReader } from "../data/input-reader.js";
import { largestCurvatureBound } from "./largest-curvature.js";
import { classification, dense, networkFields, stacked } from "./network.js";
import { defineProblem, type KnownConstants } from "./problem.js";

const schema = z.strictObject({
  name: z.literal("softmax-regression"),
  ...networkFields,
});

/** Multinomial logistic regression: convex and smooth, and without hidden layers the smallest network there is. */
export const softmaxRegression = defineProblem({
  name: "softmax-regression",
  summary: "multinomial logistic regression (convex, smooth with a known L), softmax cross-entropy",
  version: 2,
  formula: "f(W, b) = mean_i −log softmax(x_i·W + b)[y_i]",
  needsData: true,
  schema,
  create({ name: _, lossScale, ...options }, context) {
    const dataset = context.dataset!;
    const inputs = imageSize(dataset);
    const units = dataset.classes;
    const layer = dense({ ...options, name: "dense_1", inputs, units, activation: "linear" });
    return classification(stacked([inputs], [layer], context), context, {
      lossScale,
      constants: constantsOf(dataset, options.bias),
    });
  },
});

/**
 * L = ½λ_max(ZᵀZ)/n, the rows of Z the inputs, each with a 1 for the bias, if there is one.
 *
 * *Proof.* The Hessian of the cross-entropy of one example in its logits is S = diag(p) − ppᵀ, p = softmax. vᵀSv is the
 * variance of v under p, at most ¼(max v − min v)² (Popoviciu) and so at most ½‖v‖₂². Along V the second derivative of f
 * is mean_i (z_iV)S_i(z_iV)ᵀ ≤ ½·mean_i ‖z_iV‖₂² = ½‖ZV‖_F²/n ≤ ½λ_max(ZᵀZ)/n·‖V‖_F². ∎
 *
 * It is found at the first question for it: only some runs put it, and it goes through the examples several times. Inputs
 * that are changed at random at each step have no such constant.
 */
function constantsOf(dataset: ImageDataset, bias: boolean): KnownConstants {
  // Cross-entropy is not negative: T8 needs no more of its infimum than such a lower bound.
  const known = { convex: true, infimum: 0 };
  if (dataset.preparation?.augmentation) return known;
  const reader = new InputReader(dataset);
  let smoothness: number | undefined;
  return {
    ...known,
    get smoothness() {
      smoothness ??= largestCurvatureBound(reader.length + Number(bias), () => inputsOf(dataset, reader, bias)) / 2;
      return smoothness;
    },
  };
}

const blockSize = 1000;

/** The training inputs as the network takes them, block by block, each followed by a 1 if there is a bias. */
function* inputsOf({ train }: ImageDataset, reader: InputReader, bias: boolean): Generator<Matrix<Float64Array>> {
  const { length } = reader;
  const columns = length + Number(bias);
  for (let first = 0; first < train.size; first += blockSize) {
    const rows = Math.min(blockSize, train.size - first);
    const indices = Int32Array.from({ length: rows }, (_, i) => first + i);
    const inputs = reader.read(train, indices, new Float64Array(rows * length));
    const entries = new Float64Array(rows * columns).fill(1);
    for (let i = 0; i < rows; i++) entries.set(inputs.subarray(i * length, (i + 1) * length), i * columns);
    yield { rows, columns, entries };
  }
}
