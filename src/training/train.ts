import { breather } from "../base/breather.js";
import type { Algebra } from "../compute/algebra.js";
import type { BatchSampler } from "../data/batches.js";
import type { Optimizer, OptimizerState } from "../optimizers/optimizer.js";
import type { Batch, LossAndGradients, Objective, Problem } from "../problems/problem.js";
import { type DivergedLoss, divergedLoss, divergence } from "./divergence.js";
import { Evaluation } from "./evaluation.js";
import { Measurer, type Present, type StepFacts } from "./measure.js";
import type { StepRecord } from "./record.js";
import {
  captureState,
  captureVectors,
  type Numbers,
  type Position,
  restoreState,
  type TrainingState,
} from "./state.js";
import { type Unread, type UnreadMeasurement, UnreadSteps } from "./unread-steps.js";

/** Everything one run's training consists of, on one backend. */
export interface Training<V, S> {
  readonly algebra: Algebra<V, S>;
  readonly problem: Problem;
  readonly objective: Objective<V, S>;
  readonly optimizer: Optimizer;
  /** K, the number of updates. */
  readonly steps: number;
  /** Where batches come from; absent for full batches. */
  readonly sampler?: BatchSampler | undefined;
  readonly batchSize: number | "full";
  /** Steps that use every example once; 1 for full batches. */
  readonly stepsPerEpoch: number;
  /** Whether step k goes into the trace. */
  readonly traced: (step: number) => boolean;
  /** Whether w_k is evaluated, on training examples and the test set; k = K included. */
  readonly evaluated: (step: number) => boolean;
  /** The training examples that are evaluated, where batches are smaller; default: all. */
  readonly evaluationExamples?: Batch | undefined;
  /** True if a reader (a bound) must see every step, traced or not. */
  readonly measureEveryStep: boolean;
  /** True if a bound looks at the invariants that the rule promises; default: false. */
  readonly measureInvariants?: boolean;
  /** A run whose loss exceeds this has diverged. */
  readonly lossLimit: number;
  /** Asked at evaluations: whether what was found is all that the run is for, and ends it. */
  readonly isReached?: ((record: StepRecord) => boolean) | undefined;
  /** Hand over the weights at the end. */
  readonly keepWeights?: boolean;
  /** Ends the run after the step in progress. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the run after this step: it is the last one that is recorded, and the state after it is saved. */
  readonly stopAfter?: number | undefined;
  /** Go on from here in place of w_0; the sampler must stand where it stood then. */
  readonly resume?: TrainingState | undefined;
  readonly checkpoints?: Checkpoints | undefined;
  /** The pauses of the loop, asked for after each update; default: one whenever 30 ms have passed. */
  readonly breathe?: (() => Promise<void> | undefined) | undefined;
}

/** When and how the position of the loop is saved; also done when the signal or `stopAfter` ends the run. */
export interface Checkpoints {
  /** Save after every n-th update; Infinity for never. */
  readonly everySteps: number;
  /** Whether to save now, whatever the step; asked a few times a second at most. */
  due(): boolean;
  /** Every record up to this position has been taken by the reader of the records when this is called. */
  save(state: TrainingState): void;
}

/** How a run's training ended. */
export interface TrainingEnd {
  readonly outcome: "completed" | "diverged" | "interrupted" | "stopped";
  /** Number of updates that were made. */
  readonly steps: number;
  /** For divergence: what was seen; for a run that completed before its last step: why. */
  readonly detail?: string;
  /**
   * w_k and what is kept besides, at the step where the training ended, if they were asked for and it did not merely stop
   * there. Absent after a divergence at a step that was not measured: when it is found out, these weights are gone.
   */
  readonly weights?: readonly Numbers[];
  /** Their average, where it has begun, under the same conditions. */
  readonly averagedWeights?: readonly Numbers[];
}

/** w_0 and the optimizer's first state, or where an earlier training was left. */
function startingPosition<V, S>({ algebra, objective, optimizer, problem, resume }: Training<V, S>): Position<V, S> {
  return algebra.scope(() => {
    if (resume) {
      objective.restore?.(resume.nonTrainable ?? []);
      return restoreState(algebra, optimizer, problem.layers, resume);
    }
    const weights = objective.initialWeights();
    return { step: 0, weights, state: optimizer.initialState(algebra, weights) };
  });
}

/** What the loop starts with; where it cannot be made nothing is left on the device, the objective included. */
function setUp<V, S>(training: Training<V, S>) {
  const { algebra, objective, optimizer, problem, sampler, evaluationExamples: examples = "full" } = training;
  const made: { dispose?(): void }[] = [objective];
  try {
    const fullBatch = sampler === undefined && !problem.hasTrainingMode;
    const measurer = new Measurer(algebra, optimizer, problem, fullBatch, training.measureInvariants);
    made.push(measurer);
    const averages = optimizer.averagedWeights !== undefined;
    const evaluation = new Evaluation(objective, problem, { fullBatch, examples, averages });
    return { measurer, evaluation, start: startingPosition(training) };
  } catch (error) {
    for (const one of made) one.dispose?.();
    throw error;
  }
}

/** w_k and the optimizer's state, and all vectors that they consist of: a state may hold the weights themselves. */
interface Held<V, S> extends Omit<Position<V, S>, "step"> {
  readonly vectors: readonly (V | S)[];
}

function held<V, S>(weights: readonly V[], state: OptimizerState<V, S>): Held<V, S> {
  let vectors: (V | S)[] | undefined;
  for (let i = 0; i < state.length; i++) {
    for (const name in state[i]) {
      vectors ??= [...weights];
      vectors.push(state[i]![name]!);
    }
  }
  return { weights, state, vectors: vectors ?? weights };
}

/** What a step computes. */
interface Advance<V, S> {
  readonly onBatch: LossAndGradients<V, S>;
  readonly updates: readonly V[];
  readonly next: Held<V, S>;
}

/** What stays of a step of which nothing but the loss is looked at. */
interface Plain<V, S> {
  readonly loss: S;
  readonly next: Held<V, S>;
}

/** What stays of one that is measured. */
interface Measurement<V, S> {
  readonly scalars: readonly S[];
  readonly present: Present<S>;
  /** Absent where this is the last record. */
  readonly next: Held<V, S> | undefined;
}

/** w + Δw of each layer. */
function sums<V, S>(algebra: Algebra<V, S>, weights: readonly V[], updates: readonly V[]): V[] {
  const next = new Array<V>(weights.length);
  for (let i = 0; i < weights.length; i++) next[i] = algebra.add(weights[i]!, updates[i]!);
  return next;
}

/** So few are looked through in less time than a set of them is made. */
const few = 16;

/** Those of some vectors that are not among others. */
function without<T>(vectors: readonly T[], others: readonly T[]): readonly T[] {
  if (others.length <= few) return vectors.filter((vector) => !others.includes(vector));
  const set = new Set(others);
  return vectors.filter((vector) => !set.has(vector));
}

/** Who is given the records of a training, one by one and in order. */
interface Reader {
  observe(record: StepRecord): void;
  /** What the loop waits for after each reading, until all records are taken. */
  taken?(): Promise<void>;
}

/** Promises that the loop waits for, and with whose values it goes on. */
type Turns<End> = Generator<Promise<unknown>, End, unknown>;

function* settled<T>(promise: T | Promise<T>): Turns<T> {
  return promise instanceof Promise ? ((yield promise) as T) : promise;
}

/** The end of a run before its last step, and the weights it ended with, if there are any. */
interface EarlyEnd<V> {
  readonly end: TrainingEnd;
  readonly weights?: readonly V[] | undefined;
}

/**
 * The experiment's loop, w_{k+1} = w_k + Δw_k, which does not wait by itself: whoever goes through it settles its promises.
 * So a step on the host costs no turn of the event loop, and a record none of the loop.
 */
function* loop<V, S>(training: Training<V, S>, { observe, taken }: Reader): Turns<TrainingEnd> {
  const { algebra, objective, optimizer, problem, sampler, batchSize, steps, signal, checkpoints } = training;
  const { keepWeights = false, lossLimit, isReached = () => false, stopAfter = Number.POSITIVE_INFINITY } = training;
  const fullBatch = sampler === undefined && !problem.hasTrainingMode;
  const { measurer, evaluation, start } = setUp(training);
  // Of what is saved beside the weights nothing is kept for steps that are not yet read.
  const isReadAtOnce = keepWeights && (problem.nonTrainable !== undefined || optimizer.averagedWeights !== undefined);
  const stepsPerRead = isReadAtOnce ? 1 : algebra.stepsPerRead;
  const unread = new UnreadSteps<V, S>(algebra, problem.layers, { firstStep: start.step, stepsPerRead });
  const { breathe = breather(30) } = training;
  const everySteps = checkpoints?.everySteps ?? Number.POSITIVE_INFINITY;
  /** The next step that is a multiple of it. */
  let nextSaved = everySteps * (Math.floor(start.step / everySteps) + 1);
  let { step } = start;
  let { weights, state, vectors } = held(start.weights, start.state);
  /** Of step k: the examples it is made of, and what of it is looked at. */
  let batch: Batch | undefined = "full";
  let [traced, evaluated, measured] = [false, false, false];
  /** w_{k+1} while w_k is still measured. */
  let upcoming: Held<V, S> | undefined;

  const needsExamples = optimizer.rule.needs?.exampleGradients === true;
  /** The gradient of each example of a batch, for a rule that needs them. */
  function gradientsOfExamples(batch: Batch): V[][] {
    const indices = batch === "full" ? Array.from({ length: problem.examples! }, (_, i) => i) : [...batch];
    return indices.map((i) => objective.lossAndGradients(weights, Int32Array.of(i), step, false).gradients);
  }

  /** Of a rule that remembers nothing the state is the same at every step, and holds no vectors. */
  const heldNext = (next: readonly V[], nextState: OptimizerState<V, S>): Held<V, S> =>
    nextState === state && vectors === weights
      ? { weights: next, state: nextState, vectors: next }
      : held(next, nextState);

  /** Step k: the loss and gradients on its batch, its updates, and w_{k+1}. */
  function advance(): Advance<V, S> {
    const onBatch = objective.lossAndGradients(weights, batch!, step, measured);
    const examples = needsExamples ? gradientsOfExamples(batch!) : undefined;
    const { updates, state: nextState } = optimizer.updates(algebra, step, weights, onBatch.gradients, state, examples);
    return { onBatch, updates, next: heldNext(sums(algebra, weights, updates), nextState) };
  }

  /** Step k, of which nothing but the loss is looked at. */
  function goOn(): Plain<V, S> {
    const { onBatch, next } = advance();
    return { loss: onBatch.loss, next };
  }

  /** Step k, or what there is of w_K, with its measurement. */
  function measure(): Measurement<V, S> {
    const averaged = evaluated ? optimizer.averagedWeights?.(step, state) : undefined;
    const scores = evaluation.at(weights, evaluated, averaged);
    const made = step === steps ? undefined : advance();
    // What is measured now and what stays are made of the same vectors.
    if (made) algebra.settle?.([...made.updates, ...made.next.vectors]);
    const onLast = made || batch === undefined ? undefined : objective.lossAndGradients(weights, batch, step, true);
    const quantities = { weights, batch: made?.onBatch ?? onLast, scores, updates: made?.updates, averaged };
    return { scalars: measurer.scalars(quantities), present: measurer.present(quantities), next: made?.next };
  }

  const vectorsAfter = ({ next }: { readonly next: Held<V, S> | undefined }) => next?.vectors ?? [];

  /** Whether the state after this step holds on to weights of before it, which then cannot wait to be read. */
  const holdsWeights = (next: Held<V, S>) =>
    next.vectors !== next.weights && weights.some((weight) => next.vectors.includes(weight));

  /** Goes on to w_{k+1}, and frees what w_k alone was made of, unless it is to be read first. */
  function goOnTo(next: Held<V, S>): void {
    const isKept = keepWeights && unread.keep(weights, step);
    if (vectors !== weights || next.vectors !== next.weights) {
      const others = isKept ? [...weights, ...next.vectors] : next.vectors;
      algebra.dispose(without(vectors, others));
    } else if (!isKept) algebra.dispose(weights);
    ({ weights, state, vectors } = next);
    step++;
    objective.advance?.();
    upcoming = undefined;
  }

  /** Asks what of step k is looked at. */
  function isMeasured(): boolean {
    const last = step === steps;
    traced = last || training.traced(step);
    evaluated = last || training.evaluated(step);
    measured = traced || evaluated || training.measureEveryStep;
    return measured;
  }

  /** Whether between the last step and the next there is nothing to be read or saved, and no end. */
  const isUndisturbed = () => step < nextSaved && step <= stopAfter && !unread.areMany && !signal?.aborted;

  /** Steps of which nothing but the loss is looked at, as long as nothing else is to be done between them. */
  function plainSteps(): Promise<void> | undefined {
    let pause: Promise<void> | undefined;
    do {
      if (sampler) batch = sampler.next(batchSize as number);
      const { loss, next } = algebra.scope(goOn, vectorsAfter);
      unread.addLoss(loss);
      goOnTo(next);
      pause = breathe();
    } while (!pause && isUndisturbed() && !isMeasured());
    return pause;
  }

  const epochAt = (step: number) => step / training.stepsPerEpoch;
  /** At a step that was not measured: the weights of that step are gone. */
  function divergedBefore(firstStep: number, { index, loss, detail }: DivergedLoss): EarlyEnd<V> {
    const step = firstStep + index;
    observe({
      step,
      epoch: epochAt(step),
      learningRate: optimizer.learningRate(step),
      loss,
      ...(fullBatch && { train: { loss } }),
      layers: [],
      evaluated: false,
      traced: true,
      last: false,
    });
    return { end: { outcome: "diverged", steps: step, detail } };
  }

  /** Of the step that is handed out. */
  const facts = { step: 0, epoch: 0, learningRate: 0, evaluated: false, traced: false, last: false };
  function factsOf({ step, traced, evaluated }: UnreadMeasurement<V, S>): StepFacts {
    facts.step = step;
    facts.epoch = epochAt(step);
    facts.learningRate = optimizer.learningRate(step);
    facts.evaluated = evaluated;
    facts.traced = traced || (evaluated && evaluation.isSeparate);
    facts.last = step === steps;
    return facts;
  }

  function* ended(end: TrainingEnd, at: readonly V[] | undefined): Turns<TrainingEnd> {
    if (!(keepWeights && at)) return end;
    const averaged = optimizer.averagedWeights?.(end.steps, state);
    return {
      ...end,
      weights: yield* settled(captureVectors(algebra, [...at, ...(objective.nonTrainable?.() ?? [])])),
      ...(averaged && { averagedWeights: yield* settled(captureVectors(algebra, averaged)) }),
    };
  }

  /** How a run ends at this record, if it does. */
  function endAt(record: StepRecord): TrainingEnd | undefined {
    const { step, evaluated, last } = record;
    const divergent = divergence(record, lossLimit);
    if (divergent !== undefined) return { outcome: "diverged", steps: step, detail: divergent };
    if (!evaluated || last || !isReached(record)) return undefined;
    return { outcome: "completed", steps: step, detail: `target reached at step ${step}` };
  }

  /** Hands out the records of these steps, in order, up to the one at which the run ends early, if there is one. */
  function handOut(
    { firstStep, measured }: Unread<V, S>,
    values: readonly number[],
    nextStep: number,
  ): EarlyEnd<V> | undefined {
    let [step, position] = [firstStep, 0];
    for (const one of measured) {
      const before = divergedLoss(values, position, one.step - step, lossLimit);
      if (before) return divergedBefore(step, before);
      position += one.step - step;
      const record = measurer.record(factsOf(one), values, one.present, position);
      const end = endAt(record);
      observe(end ? { ...record, traced: true } : record);
      if (end) return { end, weights: one.weights ?? weights };
      position += one.count;
      step = one.step + 1;
    }
    const before = divergedLoss(values, position, nextStep - step, lossLimit);
    return before && divergedBefore(step, before);
  }

  /**
   * Reads back what was computed up to here and hands out its records.
   *
   * @returns the end of a run that has diverged or reached its target; undefined if it goes on
   */
  function* read(nextStep: number): Turns<TrainingEnd | undefined> {
    const steps = unread.take(nextStep);
    try {
      const values = yield* settled(algebra.read(steps.scalars));
      const early = handOut(steps, values, nextStep);
      if (taken) yield taken();
      return early && (yield* ended(early.end, early.weights));
    } finally {
      unread.free();
    }
  }

  try {
    if (start.step > stopAfter) return { outcome: "stopped", steps: start.step };
    for (;;) {
      let pause: Promise<void> | undefined;
      if (isMeasured()) {
        if (sampler) batch = step === steps ? undefined : sampler.next(batchSize as number);
        const { scalars, present, next } = algebra.scope(measure, vectorsAfter);
        upcoming = next;
        unread.addMeasurement(scalars, step, traced, evaluated, present);
        if (!next || unread.areMany || (keepWeights && holdsWeights(next))) {
          const end = yield* read(step + 1);
          if (end) return end;
        }
        if (!next) return yield* ended({ outcome: "completed", steps }, weights);
        goOnTo(next);
        pause = breathe();
      } else pause = plainSteps();
      if (pause) yield pause;
      else if (isUndisturbed()) continue;
      const isStopped = signal?.aborted === true || step > stopAfter;
      const isSaved = checkpoints && (isStopped || step === nextSaved || (pause && checkpoints.due()));
      if (isSaved || isStopped || unread.areMany || (pause && unread.hasMeasured)) {
        const end = yield* read(step);
        if (end) return end;
      }
      if (step === nextSaved) nextSaved += everySteps;
      if (isSaved) {
        checkpoints.save(yield* settled(captureState(algebra, { step, weights, state }, objective.nonTrainable?.())));
      }
      if (isStopped) return { outcome: step > stopAfter ? "stopped" : "interrupted", steps: step };
    }
  } finally {
    if (upcoming) algebra.dispose(without(upcoming.vectors, vectors));
    algebra.dispose(vectors);
    unread.dispose();
    measurer.dispose();
    objective.dispose?.();
  }
}

/**
 * Trains, and hands each record to `observe`: of each measured step and, after the last update, one of the final weights.
 * A non-finite or too large loss, at whatever step, ends the training as a result, not as an error.
 *
 * What is measured is read back from the device several steps at a time, so that records come up to
 * `algebra.stepsPerRead` steps late, but never later than the loop's next pause; none comes after one that diverged.
 * A record is the loop's own, and may be written anew for the next step: `observe` copies what it keeps.
 */
export async function follow<V, S>(training: Training<V, S>, observe: Reader["observe"]): Promise<TrainingEnd> {
  const turns = loop(training, { observe });
  try {
    for (let answer: unknown; ; ) {
      const { value, done } = turns.next(answer);
      if (done) return value;
      answer = await value;
    }
  } finally {
    turns.return({ outcome: "interrupted", steps: 0 });
  }
}

/** A record to keep. */
const copyOf = (record: StepRecord): StepRecord => ({
  ...record,
  ...(record.train && { train: { ...record.train } }),
  layers: record.layers.map((layer) => ({ ...layer })),
});

/** The same, for a reader that takes the records one by one and may end before the training does. */
export async function* train<V, S>(training: Training<V, S>): AsyncGenerator<StepRecord, TrainingEnd> {
  const records: StepRecord[] = [];
  const turns = loop(training, { observe: (record) => records.push(copyOf(record)), taken: () => Promise.resolve() });
  try {
    for (let answer: unknown; ; ) {
      const { value, done } = turns.next(answer);
      for (const record of records.splice(0)) yield record;
      if (done) return value;
      answer = await value;
    }
  } finally {
    turns.return({ outcome: "interrupted", steps: 0 });
  }
}
