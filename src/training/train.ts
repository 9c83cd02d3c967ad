import { breather } from "../base/breather.js";
import type { Algebra } from "../compute/algebra.js";
import type { BatchSampler } from "../data/batches.js";
import type { Optimizer, OptimizerState } from "../optimizers/optimizer.js";
import type { Batch, Objective, Problem } from "../problems/problem.js";
import { type DivergedLoss, divergence, UnreadLosses } from "./divergence.js";
import { Evaluation } from "./evaluation.js";
import { Measurer } from "./measure.js";
import type { StepRecord } from "./record.js";
import {
  captureState,
  captureVectors,
  type Numbers,
  type Position,
  restoreState,
  type TrainingState,
} from "./state.js";

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
  /** Hand over the weights at the end. */
  readonly keepWeights?: boolean;
  /** Ends the run after the step in progress. */
  readonly signal?: AbortSignal | undefined;
  /** Go on from here in place of w_0; the sampler must stand where it stood then. */
  readonly resume?: TrainingState | undefined;
  readonly checkpoints?: Checkpoints | undefined;
}

/** When and how the position of the loop is saved; also done when the signal ends the run. */
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
  readonly outcome: "completed" | "diverged" | "interrupted";
  /** Number of updates that were made. */
  readonly steps: number;
  /** For divergence: what was seen. */
  readonly detail?: string;
  /**
   * w_k and what is kept besides, at the step where the training ended, if they were asked for and it did not merely stop there. Absent after a
   * divergence at a step that was not measured: when it is found out, these weights are gone.
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

/** The vectors of a state that its successor no longer holds. */
function forgotten<V, S>(state: OptimizerState<V, S>, successor: OptimizerState<V, S> = []): (V | S)[] {
  if (state.every((block, i) => block === successor[i])) return [];
  const kept = new Set(successor.flatMap((block) => Object.values(block)));
  return state.flatMap((block) => Object.values(block)).filter((vector) => !kept.has(vector));
}

/**
 * Runs the experiment's loop, w_{k+1} = w_k + Δw_k, and yields a record of each measured step and, after the last
 * update, one of the final weights. Nothing is read back from the device at steps that are not measured, and once at
 * those that are. A non-finite or too large loss, at whatever step, ends the run as a result, not as an error.
 */
export async function* train<V, S>(training: Training<V, S>): AsyncGenerator<StepRecord, TrainingEnd> {
  const { algebra, objective, optimizer, problem, sampler, batchSize, steps, signal, checkpoints } = training;
  const fullBatch = sampler === undefined && !problem.hasTrainingMode;
  const { measurer, evaluation, start } = setUp(training);
  const unread = new UnreadLosses<S>(training.lossLimit);
  const breathe = breather(30);
  const everySteps = checkpoints?.everySteps ?? Number.POSITIVE_INFINITY;
  let { weights, state } = start;
  /** w_{k+1} while w_k is still measured. */
  let upcoming: Omit<Position<V, S>, "step"> | undefined;

  /** The gradient of each example of a batch, where the rule needs them. */
  function gradientsOfExamples(batch: Batch, step: number): V[][] | undefined {
    if (!optimizer.rule.needs?.exampleGradients) return undefined;
    const indices = batch === "full" ? Array.from({ length: problem.examples! }, (_, i) => i) : [...batch];
    return indices.map((i) => objective.lossAndGradients(weights, Int32Array.of(i), step).gradients);
  }

  /** One pass of the loop: what it measured, still on the device, and w_{k+1} unless this is the last record. */
  function advance(step: number, batch: Batch | undefined, measured: boolean, evaluated: boolean) {
    return algebra.scope(() => {
      const averaged = evaluated ? optimizer.averagedWeights?.(step, state) : undefined;
      const scores = measured ? evaluation.at(weights, evaluated, averaged) : {};
      const onBatch = batch === undefined ? undefined : objective.lossAndGradients(weights, batch, step);
      const output =
        step === steps
          ? undefined
          : optimizer.updates(algebra, step, weights, onBatch!.gradients, state, gradientsOfExamples(batch!, step));
      return {
        scalars: measured
          ? measurer.scalars({
              weights,
              scores,
              averaged,
              ...(onBatch && { batch: onBatch }),
              ...(output && { updates: output.updates }),
            })
          : [onBatch!.loss],
        present: {
          batch: onBatch !== undefined,
          accuracy: onBatch?.accuracy !== undefined,
          scores,
          updates: output !== undefined,
        },
        next: output && {
          weights: weights.map((w, i) => algebra.add(w, output.updates[i]!)),
          state: output.state,
        },
      };
    });
  }

  const epochAt = (step: number) => step / training.stepsPerEpoch;
  const lossRecord = ({ step, loss }: DivergedLoss): StepRecord => ({
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
  const divergedAt = (step: number, detail: string) => ({ outcome: "diverged", steps: step, detail }) as const;
  const withWeights = async (end: TrainingEnd): Promise<TrainingEnd> =>
    training.keepWeights ? { ...end, ...(await keptWeights(end.steps)) } : end;
  const keptWeights = async (step: number): Promise<Pick<TrainingEnd, "weights" | "averagedWeights">> => {
    const averaged = optimizer.averagedWeights?.(step, state);
    return {
      weights: await captureVectors(algebra, [...weights, ...(objective.nonTrainable?.() ?? [])]),
      ...(averaged && { averagedWeights: await captureVectors(algebra, averaged) }),
    };
  };

  try {
    for (let step = start.step; ; step++) {
      const last = step === steps;
      const traced = last || training.traced(step);
      const evaluated = last || training.evaluated(step);
      const measured = traced || evaluated || training.measureEveryStep;
      const batch = sampler ? (last ? undefined : sampler.next(batchSize as number)) : "full";
      const { scalars, present, next } = advance(step, batch, measured, evaluated);
      upcoming = next;
      if (!measured) unread.add(scalars[0]!);

      if (measured || unread.areMany) {
        const { count } = unread;
        const reading = algebra.read([...unread.take(), ...(measured ? scalars : [])]);
        const values = reading instanceof Promise ? await reading : reading;
        const before = unread.diverged(values, count, measured ? step : step + 1);
        if (before) {
          yield lossRecord(before);
          return divergedAt(before.step, before.detail);
        }
        if (measured) {
          const record: StepRecord = {
            step,
            epoch: epochAt(step),
            learningRate: optimizer.learningRate(step),
            ...measurer.measurement(values, present, count),
            evaluated,
            traced: traced || (evaluated && evaluation.isSeparate),
            last,
          };
          const detail = divergence(record, training.lossLimit);
          yield detail === undefined ? record : { ...record, traced: true };
          if (detail !== undefined) return await withWeights(divergedAt(step, detail));
        }
      }
      if (!next) return await withWeights({ outcome: "completed", steps });

      algebra.dispose(weights);
      algebra.dispose(forgotten(state, next.state));
      weights = next.weights;
      state = next.state;
      objective.advance?.();
      upcoming = undefined;
      const pause = breathe();
      if (pause) await pause;
      const ended = signal?.aborted === true;
      if (checkpoints && (ended || (step + 1) % everySteps === 0 || (pause && checkpoints.due()))) {
        const { count } = unread;
        const before = unread.diverged(await algebra.read(unread.take()), count, step + 1);
        if (before) {
          yield lossRecord(before);
          return divergedAt(before.step, before.detail);
        }
        checkpoints.save(await captureState(algebra, { step: step + 1, weights, state }, objective.nonTrainable?.()));
      }
      if (ended) return { outcome: "interrupted", steps: step + 1 };
    }
  } finally {
    if (upcoming) algebra.dispose([...upcoming.weights, ...forgotten(upcoming.state, state)]);
    algebra.dispose([...weights, ...forgotten(state), ...unread.take()]);
    measurer.dispose();
    objective.dispose?.();
  }
}
