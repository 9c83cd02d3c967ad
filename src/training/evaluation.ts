import type { Batch, Evaluator, Objective, PartialScore, Problem, Score } from "../problems/problem.js";

/** A score in its parts, still on the device. */
export type Parts<S> = readonly PartialScore<S>[];

/** Scores at w_k that are not the batch's own. */
export interface Scores<S> {
  /** Over the training examples that are evaluated. */
  readonly train?: Parts<S> | undefined;
  /** Over all training examples: `train` itself, where these are all of them. */
  readonly all?: Parts<S> | undefined;
  readonly test?: Parts<S> | undefined;
}

/**
 * What is computed of w_k beside the step: at an evaluation the scores over fixed sets of examples; wherever the gap to
 * a known minimum is measured, f over all of them. With full batches the step's own loss is both already.
 */
export class Evaluation<V, S> {
  private readonly onTrain: Evaluator<V, S> | undefined;
  private readonly onAll: Evaluator<V, S> | undefined;
  private readonly onTest: Evaluator<V, S> | undefined;

  /** @param examples of the training set that are evaluated */
  constructor(
    objective: Objective<V, S>,
    { constants }: Problem,
    { fullBatch, examples }: { fullBatch: boolean; examples: Batch },
  ) {
    if (!fullBatch && constants?.optimalValue !== undefined) this.onAll = objective.onTraining?.("full");
    if (!fullBatch) this.onTrain = examples === "full" && this.onAll ? this.onAll : objective.onTraining?.(examples);
    this.onTest = objective.onTest?.();
  }

  /** Whether an evaluation says more than the step itself does. */
  get isSeparate(): boolean {
    return this.onTrain !== undefined || this.onTest !== undefined;
  }

  /** Called inside `algebra.scope`, at the steps that are measured. */
  at(weights: readonly V[], isEvaluated: boolean): Scores<S> {
    const all = this.onAll?.(weights);
    if (!isEvaluated) return { all };
    return { all, train: this.onTrain === this.onAll ? all : this.onTrain?.(weights), test: this.onTest?.(weights) };
  }
}

const none: Parts<never> = [];

/** The scalars of scores, in the order in which `scoresFrom` takes their values. */
export function scalarsOf<S>(scores: Scores<S>): S[] {
  const { train = none, all = none, test = none } = scores;
  if (train === none && all === none && test === none) return none as readonly S[] as S[];
  const parts = train === all ? [...all, ...test] : [...all, ...test, ...train];
  return parts.flatMap(({ loss, accuracy }) => (accuracy === undefined ? [loss] : [loss, accuracy]));
}

/** Scores on the host. */
export interface ReadScores {
  readonly train?: Score<number> | undefined;
  readonly all?: Score<number> | undefined;
  readonly test?: Score<number> | undefined;
  /** How many values they were made of. */
  readonly count: number;
}

const notScored: ReadScores = { count: 0 };

/** The scores of whole sets, from the values of their parts' scalars, which begin at `first`. */
export function scoresFrom<S>({ train, all, test }: Scores<S>, values: readonly number[], first: number): ReadScores {
  if (train === undefined && all === undefined && test === undefined) return notScored;
  let position = first;
  const next = () => values[position++]!;
  const read = (parts: Parts<S> | undefined) => parts && meanOf(parts.map((part) => valuesOf(part, next)));
  const [ofAll, ofTest] = [read(all), read(test)];
  const ofTrain = train === all ? ofAll : read(train);
  return { all: ofAll, test: ofTest, train: ofTrain, count: position - first };
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
