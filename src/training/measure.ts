import type { Algebra, Norm } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Optimizer } from "../optimizers/optimizer.js";
import type { LossAndGradients, Problem, Score } from "../problems/problem.js";
import { notEvaluated, type ReadScores, type Scores, scalarsOf, scoresFrom } from "./evaluation.js";
import { invariantsOf, measuredBlocks } from "./invariants.js";
import type { AveragedRecord, LayerRecord, StepRecord } from "./record.js";

/** What one step computed, still on the device. */
export interface StepQuantities<V, S> {
  readonly weights: readonly V[];
  /** On the step's batch; absent in the last record of a run with mini-batches. */
  readonly batch?: LossAndGradients<V, S> | undefined;
  readonly scores: Scores<S>;
  /** Δw_k of every layer; absent after the last step. */
  readonly updates?: readonly V[] | undefined;
  /** The average of the weights, where it is evaluated. */
  readonly averaged?: readonly V[] | undefined;
}

/** Which quantities a step had: all that is needed to make sense of its numbers after the read-back. */
export interface Present<S> {
  readonly batch: boolean;
  readonly accuracy: boolean;
  readonly scores: Scores<S>;
  readonly updates: boolean;
}

/** What a record says of its step before anything is measured. */
export type StepFacts = Pick<StepRecord, "step" | "epoch" | "learningRate" | "evaluated" | "traced" | "last">;

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** A record to be written, with those of its parts that are written again with it. */
interface RecordForm<S> {
  readonly present: Present<S>;
  readonly record: Writable<StepRecord>;
  readonly layers: readonly Writable<LayerRecord>[];
  readonly onBatch: Writable<Score<number>>;
}

const unmeasured: LayerRecord = {
  weightNorm: Number.NaN,
  weightNormInRule: Number.NaN,
  gradientNorm: Number.NaN,
  gradientNormInRule: Number.NaN,
  updateNorm: Number.NaN,
  normRatio: Number.NaN,
  normRatioL2: Number.NaN,
};

const unwritten: Omit<StepRecord, "layers"> = {
  step: 0,
  epoch: 0,
  learningRate: Number.NaN,
  loss: Number.NaN,
  evaluated: false,
  traced: false,
  last: false,
};

/** A layer at w = 0 has no norm ratio, whatever its update. */
const finiteOrNaN = (value: number) => (Number.isFinite(value) ? value : Number.NaN);

/** The rule's norm, where it is not the Euclidean one that is measured anyway. */
const otherNorm = (norm: Norm | undefined) => (norm === 2 ? undefined : norm);

/** The weights of a problem that has one or two, each by its layer and its place in it; none of larger problems. */
function fewWeightsOf(layers: readonly Layer[]): { readonly layer: number; readonly place: number }[] {
  const sizes = layers.map(layerSize);
  if (sizes.reduce((sum, size) => sum + size, 0) > 2) return [];
  return sizes.flatMap((size, layer) => Array.from({ length: size }, (_, place) => ({ layer, place })));
}

/**
 * Takes the measurements of a record in two halves: `scalars` on the device, then, after a single read-back,
 * `record` on the host. The order of the numbers is known to this class alone.
 */
export class Measurer<V, S> {
  private readonly optimum: readonly V[] | undefined;
  /** Of problems with one or two weights, the layer of each, and what takes it out of there, if it has company. */
  private readonly few: readonly { readonly layer: number; readonly unit?: V }[];
  private readonly measured: ReturnType<typeof measuredBlocks>;
  /** The scalars of the last step. */
  private readonly taken: S[] = [];
  private last: Present<S> | undefined;
  private form: RecordForm<S> | undefined;

  constructor(
    private readonly algebra: Algebra<V, S>,
    private readonly optimizer: Optimizer,
    private readonly problem: Problem,
    /** Whether every batch holds all examples: its score is that of the training set. */
    private readonly fullBatch: boolean,
    /** Whether the invariants that the rule promises are measured. */
    private readonly measuresInvariants = false,
  ) {
    const { constants, layers } = problem;
    this.measured = measuredBlocks(optimizer, layers);
    this.optimum = constants?.optimum?.map((values, i) => algebra.vector(values, layers[i]!.shape));
    this.few = fewWeightsOf(layers).map(({ layer, place }) => {
      const { shape } = layers[layer]!;
      if (layerSize({ shape }) === 1) return { layer };
      return { layer, unit: algebra.vector([1 - place, place], shape) };
    });
  }

  /** Written anew by the next call: next to a step of a few numbers to make an array takes long. */
  scalars({ weights, batch, scores, updates, averaged }: StepQuantities<V, S>): readonly S[] {
    const { algebra, optimum, taken } = this;
    const { rule } = this.optimizer;
    const inRule = otherNorm(rule.norm);
    let count = 0;
    if (batch) taken[count++] = batch.loss;
    if (batch?.accuracy !== undefined) taken[count++] = batch.accuracy;
    for (const score of scalarsOf(scores)) taken[count++] = score;
    for (const { layer, unit } of this.few) {
      taken[count++] = unit === undefined ? algebra.sum(weights[layer]!) : algebra.dot(weights[layer]!, unit);
    }
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i]!;
      taken[count++] = algebra.norm(w, 2);
      if (inRule !== undefined) taken[count++] = algebra.norm(w, inRule);
      if (batch) taken[count++] = algebra.norm(batch.gradients[i]!, 2);
      if (batch && inRule !== undefined) taken[count++] = algebra.norm(batch.gradients[i]!, inRule);
      if (updates) {
        taken[count++] = algebra.norm(updates[i]!, 2);
        taken[count++] = rule.proportion(algebra, w, updates[i]!);
      }
      if (optimum) taken[count++] = algebra.distance(w, optimum[i]!);
    }
    if (updates && this.measuresInvariants) {
      const invariants = invariantsOf(algebra, this.optimizer, this.problem.layers, weights, updates);
      for (const invariant of invariants.flat()) taken[count++] = invariant;
    }
    if (optimum && averaged) {
      for (const [i, w] of averaged.entries()) taken[count++] = algebra.distance(w, optimum[i]!);
    }
    if (taken.length !== count) taken.length = count;
    return taken;
  }

  /** What of these quantities is present: the same object as long as that does not change. */
  present({ batch, scores, updates }: StepQuantities<V, S>): Present<S> {
    const [hasBatch, hasAccuracy, hasUpdates] = [
      batch !== undefined,
      batch?.accuracy !== undefined,
      updates !== undefined,
    ];
    const { last } = this;
    const isSame = last?.batch === hasBatch && last.accuracy === hasAccuracy && last.updates === hasUpdates;
    if (isSame && last.scores === scores) return last;
    this.last = { batch: hasBatch, accuracy: hasAccuracy, scores, updates: hasUpdates };
    return this.last;
  }

  /**
   * The record of a step: one that is written anew for the next step of which the same is present, without more scores.
   * Next to a step of a few numbers to make another takes long.
   *
   * @param values from `first` on the numbers of `scalars(quantities)`, in its order, with what was present in
   * `quantities`
   */
  record(facts: StepFacts, values: readonly number[], present: Present<S>, first = 0): StepRecord {
    const { batch, accuracy, scores, updates } = present;
    const { constants } = this.problem;
    const inRule = otherNorm(this.optimizer.rule.norm);
    const { record, layers, onBatch } = this.formOf(present);
    let position = first;

    onBatch.loss = batch ? values[position++]! : Number.NaN;
    if (accuracy) onBatch.accuracy = values[position++]!;
    const read = scoresFrom(scores, values, position);
    position += read.count;
    if (this.few.length > 0) record.weight = values[position++]!;
    if (this.few.length > 1) record.secondWeight = values[position++]!;
    let distance = 0;
    for (let i = 0; i < layers.length; i++) {
      const layer = layers[i]!;
      layer.weightNorm = values[position++]!;
      layer.weightNormInRule = inRule === undefined ? layer.weightNorm : values[position++]!;
      layer.gradientNorm = batch ? values[position++]! : Number.NaN;
      layer.gradientNormInRule = batch && inRule !== undefined ? values[position++]! : layer.gradientNorm;
      layer.updateNorm = updates ? values[position++]! : Number.NaN;
      layer.normRatio = updates ? finiteOrNaN(values[position++]!) : Number.NaN;
      layer.normRatioL2 = finiteOrNaN(layer.updateNorm / layer.weightNorm);
      // Squares would underflow near the optimum long before the distance does.
      if (this.optimum) distance = i === 0 ? values[position++]! : Math.hypot(distance, values[position++]!);
    }
    const invariants = updates && this.measuresInvariants ? this.invariantsIn(values, position) : undefined;
    position += invariants?.flat().length ?? 0;
    const train = this.fullBatch ? onBatch : read.train;
    const all = this.fullBatch ? onBatch : read.all;
    record.step = facts.step;
    record.epoch = facts.epoch;
    record.learningRate = facts.learningRate;
    record.evaluated = facts.evaluated;
    record.traced = facts.traced;
    record.last = facts.last;
    record.loss = onBatch.loss;
    if (accuracy) record.accuracy = onBatch.accuracy!;
    if (train) record.train = train;
    if (read.validation) record.validation = read.validation;
    if (read.test) record.test = read.test;
    if (all && constants?.optimalValue !== undefined) record.gap = all.loss - constants.optimalValue;
    if (this.optimum) record.distance = distance;
    if (read.averaged) record.averaged = this.averagedRecord(read.averaged, values, position);
    if (invariants) record.invariants = invariants;
    return record;
  }

  /** Where the record of such a step is written. */
  private formOf(present: Present<S>): RecordForm<S> {
    if (this.form?.present === present && present.scores === notEvaluated) return this.form;
    const layers = this.problem.layers.map(() => ({ ...unmeasured }));
    this.form = { present, layers, record: { ...unwritten, layers }, onBatch: { loss: Number.NaN } };
    return this.form;
  }

  /** @param first where the invariants are among the values: a row for each block of the rule */
  private invariantsIn(values: readonly number[], first: number): number[][] {
    const size = this.optimizer.rule.promises.invariants?.length ?? 0;
    return this.measured.map((_, i) => values.slice(first + i * size, first + (i + 1) * size));
  }

  /** @param first where the distances of the averaged layers are among the values */
  private averagedRecord(
    { train, all, validation, test }: NonNullable<ReadScores["averaged"]>,
    values: readonly number[],
    first: number,
  ): AveragedRecord {
    const optimalValue = this.problem.constants?.optimalValue;
    let distance = 0;
    for (let i = 0; this.optimum && i < this.optimum.length; i++) distance = Math.hypot(distance, values[first + i]!);
    return {
      ...(train && { train }),
      ...(validation && { validation }),
      ...(test && { test }),
      ...(all && optimalValue !== undefined && { gap: all.loss - optimalValue }),
      ...(this.optimum && { distance }),
    };
  }

  dispose(): void {
    if (this.optimum) this.algebra.dispose(this.optimum);
    this.algebra.dispose(this.few.flatMap(({ unit }) => unit ?? []));
  }
}
