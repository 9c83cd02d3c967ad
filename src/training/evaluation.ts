import type { Batch, Evaluator, Objective, PartialScore, Problem, Score } from "../problems/problem.js";

/** A score in its parts, still on the device. */
export type Parts<S> = readonly PartialScore<S>[];

/** Scores at w_k that are not the batch's own. */
export interface Scores<S> {
  /** Over the training examples that are evaluated. */
  readonly train?: Parts<S> | undefined;
  /** Over all training examples: `train` itself, where these are all of them. */
  readonly all?: Parts<S> | undefined;
  readonly validation?: Parts<S> | undefined;
  readonly test?: Parts<S> | undefined;
  /** The same at the average of the weights, at evaluations. */
  readonly averaged?: Omit<Scores<S>, "averaged"> | undefined;
}

/** Of steps at which nothing is scored. */
export const notEvaluated: Scores<never> = {};

/**
 * What is computed of w_k beside the step: at an evaluation the scores over fixed sets of examples; wherever the gap to
 * a known minimum is measured, f over all of them. With full batches the step's own loss is both already.
 */
export class Evaluation<V, S> {
  private readonly onTrain: Evaluator<V, S> | undefined;
  private readonly onAll: Evaluator<V, S> | undefined;
  private readonly onValidation: Evaluator<V, S> | undefined;
  private readonly onTest: Evaluator<V, S> | undefined;
  /** Of averaged weights, whose loss no step tells, with full batches either. */
  private readonly onAverage: { readonly train: Evaluator<V, S>; readonly all: Evaluator<V, S> } | undefined;

  /**
   * @param examples of the training set that are evaluated
   * @param averages whether there are averaged weights to be evaluated too
   */
  constructor(
    objective: Objective<V, S>,
    { constants }: Problem,
    { fullBatch, examples, averages = false }: { fullBatch: boolean; examples: Batch; averages?: boolean },
  ) {
    if (!fullBatch && constants?.optimalValue !== undefined) this.onAll = objective.onTraining?.("full");
    if (!fullBatch) this.onTrain = examples === "full" && this.onAll ? this.onAll : objective.onTraining?.(examples);
    this.onValidation = objective.onValidation?.();
    this.onTest = objective.onTest?.();
    if (averages) {
      const train = this.onTrain ?? onWholeSet(objective);
      this.onAverage = { train, all: this.onAll ?? train };
    }
  }

  /** Whether an evaluation says more than the step itself does. */
  get isSeparate(): boolean {
    const ofOthers = [this.onTrain, this.onValidation, this.onTest, this.onAverage];
    return ofOthers.some((evaluate) => evaluate !== undefined);
  }

  /**
   * Called inside `algebra.scope`, at the steps that are measured.
   *
   * @param averaged the average of the weights, if it has begun
   */
  at(weights: readonly V[], isEvaluated: boolean, averaged?: readonly V[]): Scores<S> {
    const all = this.onAll?.(weights);
    if (!isEvaluated) return all ? { all } : notEvaluated;
    return {
      all,
      train: this.onTrain === this.onAll ? all : this.onTrain?.(weights),
      ...this.heldOut(weights),
      ...(averaged && { averaged: this.atAverage(averaged) }),
    };
  }

  private heldOut(weights: readonly V[]): Pick<Scores<S>, "validation" | "test"> {
    return { validation: this.onValidation?.(weights), test: this.onTest?.(weights) };
  }

  private atAverage(weights: readonly V[]): Omit<Scores<S>, "averaged"> {
    const { train, all } = this.onAverage!;
    const onTrain = train(weights);
    return { train: onTrain, all: all === train ? onTrain : all(weights), ...this.heldOut(weights) };
  }
}

/** Of all training examples; of problems without examples, f itself. */
const onWholeSet = <V, S>(objective: Objective<V, S>): Evaluator<V, S> =>
  objective.onTraining?.("full") ??
  ((weights) => {
    const { gradients: _, ...score } = objective.lossAndGradients(weights, "full");
    return [{ ...score, examples: 1 }];
  });

const none: Parts<never> = [];
const noScalars: never[] = [];

/** The scalars of scores, in the order in which `scoresFrom` takes their values. */
export function scalarsOf<S>(scores: Scores<S>): readonly S[] {
  if (scores === notEvaluated) return noScalars;
  const { train = none, all = none, validation = none, test = none, averaged } = scores;
  const parts = [...all, ...validation, ...test, ...(train === all ? none : train)];
  const scalars = parts.flatMap(({ loss, accuracy }) => (accuracy === undefined ? [loss] : [loss, accuracy]));
  return averaged ? [...scalars, ...scalarsOf(averaged)] : scalars;
}

/** Scores on the host. */
export interface ReadScores {
  readonly train?: Score<number> | undefined;
  readonly all?: Score<number> | undefined;
  readonly validation?: Score<number> | undefined;
  readonly test?: Score<number> | undefined;
  readonly averaged?: Omit<ReadScores, "averaged">;
  /** How many values they were made of. */
  readonly count: number;
}

const notScored: ReadScores = { count: 0 };

/** The scores of whole sets, from the values of their parts' scalars, which begin at `first`. */
export function scoresFrom<S>(scores: Scores<S>, values: readonly number[], first: number): ReadScores {
  if (scores === notEvaluated) return notScored;
  const { train, all, validation, test, averaged } = scores;
  let position = first;
  const next = () => values[position++]!;
  const read = (parts: Parts<S> | undefined) => parts && meanOf(parts.map((part) => valuesOf(part, next)));
  const [ofAll, ofValidation, ofTest] = [read(all), read(validation), read(test)];
  const ofTrain = train === all ? ofAll : read(train);
  const ofWeights = { all: ofAll, validation: ofValidation, test: ofTest, train: ofTrain, count: position - first };
  if (!averaged) return ofWeights;
  const ofAverage = scoresFrom(averaged, values, position);
  return { ...ofWeights, averaged: ofAverage, count: ofWeights.count + ofAverage.count };
}

const valuesOf = <S>({ examples, accuracy }: PartialScore<S>, next: () => number): PartialScore<number> => ({
  examples,
  loss: next(),
  ...(accuracy !== undefined && { accuracy: next() }),
});

/** The score of a set; of a single part it is that part's to the bit. */
function meanOf(parts: readonly PartialScore<number>[]): Score<number> {
  const size = parts.reduce((sum, { examples }) => sum + examples, 0);
  const mean = (of: (part: PartialScore<number>) => number) =>
    parts.length === 1 ? of(parts[0]!) : parts.reduce((sum, part) => sum + of(part) * part.examples, 0) / size;
  return {
    loss: mean(({ loss }) => loss),
    ...(parts[0]!.accuracy !== undefined && { accuracy: mean(({ accuracy }) => accuracy!) }),
  };
}
