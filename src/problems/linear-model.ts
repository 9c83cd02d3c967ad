import type { Algebra, Matrix, PointwiseLossName } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import type { Layer } from "../compute/layer.js";
import { joined, separated, weightsFrom } from "./blocks.js";
import type { Batch, Evaluator, Objective } from "./problem.js";

/** Examples x_i (rows) with targets y_i, on the host. */
export interface Examples {
  readonly features: Matrix<Float64Array>;
  /** One number an example, or, with several outputs, row by row as many as there are. */
  readonly targets: Float64Array;
  /** SHA-256 of examples read from a file; the config and seed tell all about generated ones. */
  readonly checksum?: string;
}

/** Examples that are not trained on. */
export interface HeldOutExamples {
  readonly validation?: Examples;
  readonly test?: Examples;
}
/** Numbers that a model predicts of each example. */
export const outputsOf = ({ features, targets }: Examples): number => targets.length / features.rows;

/** What a pointwise loss ℓ(z, y) says of a batch of predictions z_i. */
export interface BatchLoss<V, S> {
  /** mean_i ℓ(z_i, y_i) */
  readonly loss: S;
  /** ∂ℓ/∂z at every (z_i, y_i) */
  readonly slopes: V;
  readonly accuracy?: S;
}

export interface PointwiseLoss {
  of<V, S>(algebra: Algebra<V, S>, predictions: V, targets: V): BatchLoss<V, S>;
  /** Its name where an algebra may know it. */
  readonly name?: PointwiseLossName;
}

/**
 * A regularised linear model: f(w) = mean_i ℓ(x_i·w, y_i) + (ridge/2)‖w‖₂². With several outputs the weights are a
 * matrix, row by row one column an output, and the losses of an example's outputs are added up.
 */
export interface LinearModel {
  readonly examples: Examples & HeldOutExamples;
  readonly loss: PointwiseLoss;
  readonly ridge: number;
  readonly layers: readonly Layer[];
}

/**
 * The model's objective on an algebra. The full batch is made once; mini-batches are gathered on the host.
 *
 * @param start w_0, all layers as one vector
 */
export function linearModelObjective<V, S>(
  algebra: Algebra<V, S>,
  model: LinearModel,
  start: Float64Array,
): Objective<V, S> {
  const outputs = outputsOf(model.examples);
  const onAlgebra = ({ features, targets }: Examples) => ({
    features: matrixOn(algebra, features),
    targets: algebra.vector(targets, outputs === 1 ? [features.rows] : [features.rows, outputs]),
  });
  const predictionLoss = ({ features, targets }: ReturnType<typeof onAlgebra>, w: V) => {
    const { loss, ...rest } = model.loss.of(algebra, predictions(algebra, features, w, outputs), targets);
    const total = outputs === 1 ? loss : algebra.times(algebra.scalar(outputs), loss);
    return { ...rest, loss: addPenalty(algebra, model.ridge, w, total) };
  };
  const fitted = ({ features, targets }: typeof full, w: V) => {
    const fit = outputs === 1 && model.loss.name ? algebra.fit?.(model.loss.name, features, w, targets) : undefined;
    if (fit) return { ...fit, loss: addPenalty(algebra, model.ridge, w, fit.loss) };
    const { slopes, ...score } = predictionLoss({ features, targets }, w);
    return { ...score, sumOfSlopes: sumOfSlopes(algebra, features, slopes, outputs, w) };
  };
  const full = onAlgebra(model.examples);
  const kept = [full];
  const select = (batch: Batch) => (batch === "full" ? full : onAlgebra(gather(model.examples, batch)));
  const { validation, test } = model.examples;
  function evaluator(examples: typeof full): Evaluator<V, S> {
    if (examples !== full) kept.push(examples);
    return (weights) => {
      const { slopes: _, ...score } = predictionLoss(examples, joined(algebra, weights));
      return [{ ...score, examples: examples.features.rows }];
    };
  }
  return {
    initialWeights: () => weightsFrom(algebra, model.layers, start),
    lossAndGradients(weights, batch) {
      const examples = select(batch);
      const { features } = examples;
      const w = joined(algebra, weights);
      const { sumOfSlopes: sum, ...score } = fitted(examples, w);
      const gradient = algebra.scale(algebra.scalar(1 / features.rows), sum);
      return {
        ...score,
        gradients: separated(algebra, addPenaltyGradient(algebra, model.ridge, w, gradient), weights),
      };
    },
    onTraining: (batch) => evaluator(select(batch)),
    ...(validation && { onValidation: () => evaluator(onAlgebra(validation)) }),
    ...(test && { onTest: () => evaluator(onAlgebra(test)) }),
    dispose: () => algebra.dispose(kept.flatMap(({ features, targets }) => [features.entries, targets])),
  };
}

/** z = Xw, or Z = XW */
function predictions<V, S>(algebra: Algebra<V, S>, features: Matrix<V>, w: V, outputs: number): V {
  if (outputs === 1) return algebra.multiplyMatrix(features, w);
  return algebra.multiplyMatrices(features, { rows: features.columns, columns: outputs, entries: w }).entries;
}

/** Xᵀs, s the slopes at the predictions, of one output or of several; of the shape of w */
function sumOfSlopes<V, S>(algebra: Algebra<V, S>, features: Matrix<V>, slopes: V, outputs: number, w: V): V {
  if (outputs === 1) return algebra.multiplyTransposed(features, slopes);
  const matrix = { rows: features.rows, columns: outputs, entries: slopes };
  return algebra.split(algebra.multiplyMatrices(algebra.transpose(features), matrix).entries, [w])[0]!;
}

function addPenalty<V, S>(algebra: Algebra<V, S>, ridge: number, w: V, loss: S): S {
  return ridge === 0 ? loss : algebra.plus(loss, algebra.times(algebra.scalar(ridge / 2), algebra.dot(w, w)));
}

function addPenaltyGradient<V, S>(algebra: Algebra<V, S>, ridge: number, w: V, gradient: V): V {
  return ridge === 0 ? gradient : algebra.addScaled(gradient, algebra.scalar(ridge), w);
}

/** The examples of a batch. */
function gather(examples: Examples, batch: Int32Array): Examples {
  const { features, targets } = examples;
  const rows = { rows: features.rows, columns: outputsOf(examples), entries: targets };
  return { features: gatherRows(features, batch), targets: gatherRows(rows, batch).entries };
}

/** These rows of a host matrix, copied entry by entry: rows are too short for `set` to pay. */
export function gatherRows({ columns, entries }: Matrix<Float64Array>, rows: Int32Array): Matrix<Float64Array> {
  const gathered = new Float64Array(rows.length * columns);
  for (let i = 0, to = 0; i < rows.length; i++) {
    const from = rows[i]! * columns;
    for (let j = 0; j < columns; j++) gathered[to++] = entries[from + j]!;
  }
  return { rows: rows.length, columns, entries: gathered };
}

/** A host matrix on an algebra. */
export function matrixOn<V, S>(algebra: Algebra<V, S>, matrix: Matrix<Float64Array>): Matrix<V> {
  return { ...matrix, entries: algebra.vector(matrix.entries, [matrix.rows, matrix.columns]) };
}

/** A point with f and ∇f there. */
export interface Point {
  readonly w: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

/** The model's f and ∇f on the host, in float64, all layers as one vector. */
export function hostFunction(model: LinearModel): (w: Float64Array) => Point {
  const objective = linearModelObjective(float64, model, new Float64Array());
  return (w) => {
    const { loss, gradients } = objective.lossAndGradients([w], "full");
    return { w, value: loss, gradient: gradients[0]! };
  };
}

/** mean_i ‖x_i‖₂ */
export function meanFeatureNorm({ rows, columns, entries }: Matrix<Float64Array>): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += float64.norm(entries.subarray(i * columns, (i + 1) * columns), 2);
  return sum / rows;
}
