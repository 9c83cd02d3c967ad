import type { Score } from "../problems/problem.js";

/** What was measured of one layer at one step; norms are of the weights w_k, gradient g_k and applied update Δw_k. */
export interface LayerRecord {
  /** ‖w_k‖₂ */
  readonly weightNorm: number;
  /** ‖w_k‖_p, p the rule's norm (2 where the rule has none) */
  readonly weightNormInRule: number;
  /** ‖g_k‖₂ */
  readonly gradientNorm: number;
  /** ‖g_k‖_p: what decides whether the gradient is 0 for the rule */
  readonly gradientNormInRule: number;
  /** η_k = ‖Δw_k‖₂ */
  readonly updateNorm: number;
  /** The update's size relative to the weights in the rule's own measure; ‖Δw_k‖_p/‖w_k‖_p for eq. (1). NaN where w_k = 0. */
  readonly normRatio: number;
  /** ‖Δw_k‖₂/‖w_k‖₂ */
  readonly normRatioL2: number;
}

/** What an evaluation found at the average of the weights, w̄_k. */
export type AveragedRecord = Pick<StepRecord, "train" | "validation" | "test" | "gap" | "distance">;

/**
 * One measured step of a run: the state at w_k and the update that leads to w_{k+1}. The last record of a run has no
 * update: its `layers[…].updateNorm` and ratios are NaN, and with mini-batches its loss and gradient norms are too. Of
 * a step that was not to be measured and at which the run diverged there is only the loss: its `layers` are empty.
 */
export interface StepRecord {
  /** k, from 0 */
  readonly step: number;
  /** Passes over the training examples before this step; equals `step` for full batches. */
  readonly epoch: number;
  /** λ_k; in the last record λ_K, with which no step is made */
  readonly learningRate: number;
  /** f(w_k) on this step's batch */
  readonly loss: number;
  /** Share of the batch classified correctly before the update */
  readonly accuracy?: number;
  /**
   * Over the training examples that are evaluated, at evaluations; with full batches, whose loss it is, in every record
   */
  readonly train?: Score<number>;
  /** Over the validation set, at evaluations */
  readonly validation?: Score<number>;
  /** Over the test set, at evaluations */
  readonly test?: Score<number>;
  /** f(w_k) − f*, over all examples */
  readonly gap?: number;
  /** d_k = ‖w_k − w*‖₂ over all layers together */
  readonly distance?: number;
  /** w_k itself, for one-dimensional problems; its first entry for two-dimensional ones */
  readonly weight?: number;
  /** The second entry of w_k, for two-dimensional problems */
  readonly secondWeight?: number;
  /** At the average of the weights, at evaluations from the step on where it begins */
  readonly averaged?: AveragedRecord;
  readonly layers: readonly LayerRecord[];
  /** What the invariants of the rule's promises measure of this step, where a bound asks: a row for each of its blocks. */
  readonly invariants?: readonly (readonly number[])[];
  /** True at evaluations: what the run comes to is taken from these alone, and so does not depend on what is traced. */
  readonly evaluated: boolean;
  /** True at the steps that go into the trace; bounds see the others too. */
  readonly traced: boolean;
  /** True for the record after the last update. */
  readonly last: boolean;
}
