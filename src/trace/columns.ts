import type { AveragedRecord, LayerRecord, StepRecord } from "../training/record.js";

/** A column of a trace: what the README documents and what the writer evaluates, in one table. */
export interface Column<Row> {
  readonly name: string;
  readonly meaning: string;
  readonly formula: string;
  readonly unit: string;
  /** Undefined where the row has no such measurement: an empty field. */
  readonly value: (row: Row) => number | string | undefined;
  /** True for numbers of the host, written to 17 digits whatever the precision of the run. */
  readonly exact?: true;
}

/** One line of layers.csv. */
export interface LayerRow {
  readonly record: StepRecord;
  readonly name: string;
  readonly layer: LayerRecord;
}

/** The value, unless it belongs to the update that the record after the last step does not have. */
const duringStep = (record: StepRecord, value: number) => (record.last ? undefined : value);

/** NaN in the last record of a run with mini-batches stands for "no batch was drawn". */
const onBatch = (record: StepRecord, value: number) => (record.last && Number.isNaN(value) ? undefined : value);

const finiteOrNaN = (value: number) => (Number.isFinite(value) ? value : Number.NaN);

/** What is measured of weights over the training examples, and against the optimum. */
const onTraining: readonly Column<AveragedRecord>[] = [
  {
    name: "train_loss",
    meaning:
      "training loss, at evaluations: over the training examples that are evaluated; with full batches `loss` itself, at every step",
    formula: "f(w_k)",
    unit: "loss",
    value: (r) => r.train?.loss,
  },
  {
    name: "train_accuracy",
    meaning: "share of these training examples classified correctly",
    formula: "correct / training examples evaluated",
    unit: "1",
    value: (r) => r.train?.accuracy,
  },
  {
    name: "gap",
    meaning: "distance of the loss over all examples from its minimum, where that is known",
    formula: "f(w_k) − f*",
    unit: "loss",
    value: (r) => r.gap,
  },
  {
    name: "distance",
    meaning: "distance d_k of all weights from the optimum, where that is known",
    formula: "‖w_k − w*‖₂",
    unit: "weights",
    value: (r) => r.distance,
  },
];

/** What is measured of weights over examples that are not trained on. */
const onHeldOut: readonly Column<AveragedRecord>[] = [
  {
    name: "val_loss",
    meaning: "mean loss on the validation set, at evaluations",
    formula: "f_val(w_k)",
    unit: "loss",
    value: (r) => r.validation?.loss,
  },
  {
    name: "val_accuracy",
    meaning: "share of the validation set classified correctly",
    formula: "correct / validation examples",
    unit: "1",
    value: (r) => r.validation?.accuracy,
  },
  {
    name: "test_loss",
    meaning: "mean loss on the test set, at evaluations",
    formula: "f_test(w_k)",
    unit: "loss",
    value: (r) => r.test?.loss,
  },
  {
    name: "test_accuracy",
    meaning: "share of the test set classified correctly",
    formula: "correct / test examples",
    unit: "1",
    value: (r) => r.test?.accuracy,
  },
];

export const traceColumns: readonly Column<StepRecord>[] = [
  {
    name: "step",
    meaning: "number of updates made so far",
    formula: "k",
    unit: "steps",
    value: (r) => r.step,
    exact: true,
  },
  {
    name: "epoch",
    meaning: "passes over the training examples so far",
    formula: "examples seen / examples (full batch: k)",
    unit: "epochs",
    value: (r) => r.epoch,
    exact: true,
  },
  {
    name: "learning_rate",
    meaning: "scheduled learning rate of this step; at the end the one that the next step would have",
    formula: "λ_k",
    unit: "1 for proportional rules",
    value: (r) => onBatch(r, r.learningRate),
    exact: true,
  },
  {
    name: "loss",
    meaning: "loss on this step's batch, before the update: with mini-batches one batch's, not the training loss",
    formula: "f(w_k) on the batch",
    unit: "loss",
    value: (r) => onBatch(r, r.loss),
  },
  {
    name: "accuracy",
    meaning: "share of this step's batch classified correctly, before the update",
    formula: "correct / batch size",
    unit: "1",
    value: (r) => r.accuracy,
  },
  ...onTraining,
  {
    name: "weight",
    meaning: "the weight itself, for one-dimensional problems; the first of two for two-dimensional ones",
    formula: "w_k",
    unit: "weights",
    value: (r) => r.weight,
  },
  {
    name: "second_weight",
    meaning: "the second of two weights, for two-dimensional problems",
    formula: "(w_k)_2",
    unit: "weights",
    value: (r) => r.secondWeight,
  },
  ...onHeldOut,
];

/** What evaluations measure of weights. */
const ofWeights: readonly Column<AveragedRecord>[] = [...onTraining, ...onHeldOut];

/** The same at the average of the weights, of runs that take one. */
export const averagedColumns: readonly Column<StepRecord>[] = ofWeights.map(({ name, formula, unit, value }) => ({
  name: `averaged_${name}`,
  meaning: `as ${name}, at the average of the weights and at evaluations alone`,
  formula: formula.replaceAll("w_k", "w̄_k"),
  unit,
  value: ({ averaged }) => averaged && value(averaged),
}));

/** What runs can be compared by: names of the columns that evaluations fill. */
export const evaluatedColumns: readonly string[] = [...ofWeights, ...averagedColumns].map(({ name }) => name);

export const layerColumns: readonly Column<LayerRow>[] = [
  {
    name: "step",
    meaning: "number of updates made so far",
    formula: "k",
    unit: "steps",
    value: (r) => r.record.step,
    exact: true,
  },
  { name: "layer", meaning: "the block of weights", formula: "ℓ", unit: "", value: (r) => r.name },
  {
    name: "weight_norm",
    meaning: "norm of the layer's weights, before the update",
    formula: "‖w_k‖₂",
    unit: "weights",
    value: (r) => r.layer.weightNorm,
  },
  {
    name: "grad_norm",
    meaning: "norm of the layer's gradient",
    formula: "‖g_k‖₂",
    unit: "loss/weights",
    value: (r) => onBatch(r.record, r.layer.gradientNorm),
  },
  {
    name: "update_norm",
    meaning: "norm of the update that is applied",
    formula: "η_k = ‖Δw_k‖₂",
    unit: "weights",
    value: (r) => duringStep(r.record, r.layer.updateNorm),
  },
  {
    name: "norm_ratio",
    meaning: "relative size of the applied update in the rule's own measure (NaN where the weights are 0)",
    formula: "‖Δw_k‖_p/‖w_k‖_p (elementwise rule: mean_i |Δw_i/w_i|)",
    unit: "1",
    value: (r) => duringStep(r.record, r.layer.normRatio),
  },
  {
    name: "norm_ratio_l2",
    meaning: "relative size of the applied update in the L2 norm",
    formula: "‖Δw_k‖₂/‖w_k‖₂",
    unit: "1",
    value: (r) => duringStep(r.record, r.layer.normRatioL2),
  },
  {
    name: "effective_learning_rate",
    meaning:
      "what plain gradient descent would need as learning rate for a step of this length (NaN where the gradient is 0, or the quotient no number)",
    formula: "s_k = ‖Δw_k‖₂/‖g_k‖₂",
    unit: "weights²/loss",
    value: (r) => duringStep(r.record, finiteOrNaN(r.layer.updateNorm / r.layer.gradientNorm)),
  },
];
