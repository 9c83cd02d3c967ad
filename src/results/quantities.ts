import type { AveragedRecord, StepRecord } from "../training/record.js";
import type { Manifest, Measured, Quantity, WeightsQuantity } from "./manifest.js";

/** The smaller value is better, or the larger. */
export type Direction = "minimize" | "maximize";

interface QuantityDefinition<Evaluated> {
  /** Its column in the traces, and its columns in summary.csv after final_ and best_. */
  readonly column: string;
  /** What people call it. */
  readonly words: string;
  readonly meaning: string;
  readonly of: (evaluated: Evaluated) => number | undefined;
  /** Which of two values is the better one. */
  readonly direction: Direction;
  /** Whether it has columns only where some run measures it. */
  readonly isOptional?: boolean;
}

type Evaluated = Pick<StepRecord, keyof AveragedRecord | "averaged">;

const ofWeights: Readonly<Record<WeightsQuantity, QuantityDefinition<AveragedRecord>>> = {
  trainLoss: {
    column: "train_loss",
    words: "training loss",
    meaning: "loss on the training examples that are evaluated",
    of: ({ train }) => train?.loss,
    direction: "minimize",
  },
  trainAccuracy: {
    column: "train_accuracy",
    words: "training accuracy",
    meaning: "share of the evaluated training examples classified correctly",
    of: ({ train }) => train?.accuracy,
    direction: "maximize",
  },
  valLoss: {
    column: "val_loss",
    words: "validation loss",
    meaning: "loss on the validation set",
    of: ({ validation }) => validation?.loss,
    direction: "minimize",
  },
  valAccuracy: {
    column: "val_accuracy",
    words: "validation accuracy",
    meaning: "share of the validation set classified correctly",
    of: ({ validation }) => validation?.accuracy,
    direction: "maximize",
  },
  testLoss: {
    column: "test_loss",
    words: "test loss",
    meaning: "loss on the test set",
    of: ({ test }) => test?.loss,
    direction: "minimize",
  },
  testAccuracy: {
    column: "test_accuracy",
    words: "test accuracy",
    meaning: "share of the test set classified correctly",
    of: ({ test }) => test?.accuracy,
    direction: "maximize",
  },
  gap: {
    column: "gap",
    words: "gap",
    meaning: "distance of the loss over all examples from its minimum",
    of: ({ gap }) => gap,
    direction: "minimize",
  },
  distance: {
    column: "distance",
    words: "distance",
    meaning: "distance of the weights from the optimum",
    of: ({ distance }) => distance,
    direction: "minimize",
  },
};

/** A quantity of the average of the weights. */
const averaged = ({ column, words, meaning, of, direction }: QuantityDefinition<AveragedRecord>) => ({
  column: `averaged_${column}`,
  words: `averaged ${words}`,
  meaning: `${meaning}, at the average of the weights`,
  of: (record: Evaluated) => record.averaged && of(record.averaged),
  direction,
  isOptional: true,
});

const nameOfAveraged = (name: string) => `averaged${name[0]!.toUpperCase()}${name.slice(1)}`;

/** Everything that evaluations measure, in the order of the columns of summary.csv. */
export const quantities = {
  ...ofWeights,
  ...Object.fromEntries(Object.entries(ofWeights).map(([name, one]) => [nameOfAveraged(name), averaged(one)])),
} as Readonly<Record<Quantity, QuantityDefinition<Evaluated>>>;

export const quantityNames = Object.keys(quantities) as Quantity[];

const byColumn = new Map(quantityNames.map((name) => [quantities[name].column, name]));

/** The quantity of this column of the traces. */
export function quantityOf(column: string): Quantity {
  const quantity = byColumn.get(column);
  if (quantity === undefined) throw new RangeError(`${column} is no column that evaluations fill`);
  return quantity;
}

/** The better one of two values; NaN if one of them is. */
export const betterOf = (direction: Direction, a: number, b: number): number =>
  direction === "minimize" ? Math.min(a, b) : Math.max(a, b);

/** What a run came to; NaN and Infinity, which JSON spells out, are numbers again. Undefined where not measured. */
export function outcomeOf(
  { outcome }: Pick<Manifest, "outcome">,
  kind: "final" | "best",
  quantity: Quantity,
): number | undefined {
  // Manifests of an earlier form have neither.
  const measured = outcome?.[kind] as Measured | undefined;
  const value = measured?.[quantity];
  return value === undefined ? undefined : Number(value);
}

/** What was measured at the evaluation with the smallest validation loss; undefined where there is none. */
export function selectedOf({ outcome }: Pick<Manifest, "outcome">, quantity: Quantity): number | undefined {
  const value = outcome?.selected?.measured[quantity];
  return value === undefined ? undefined : Number(value);
}
