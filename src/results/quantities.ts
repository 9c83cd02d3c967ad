import type { AveragedRecord, StepRecord } from "../training/record.js";
import type { Manifest, Measured, Quantity, WeightsQuantity } from "./manifest.js";

interface QuantityDefinition<Evaluated> {
  /** Name of its columns in summary.csv, after final_ and best_. */
  readonly column: string;
  /** What people call it. */
  readonly words: string;
  readonly meaning: string;
  readonly of: (evaluated: Evaluated) => number | undefined;
  /** The better one of two values. */
  readonly better: (a: number, b: number) => number;
  /** Whether it has columns only where some run measures it. */
  readonly isOptional?: boolean;
}

type Evaluated = Pick<StepRecord, keyof AveragedRecord | "averaged">;

const ofWeights: Readonly<Record<WeightsQuantity, QuantityDefinition<AveragedRecord>>> = {
  trainLoss: {
    column: "loss",
    words: "train loss",
    meaning: "training loss: `train_loss` of the trace",
    of: ({ train }) => train?.loss,
    better: Math.min,
  },
  trainAccuracy: {
    column: "train_accuracy",
    words: "train accuracy",
    meaning: "share of the evaluated training examples classified correctly",
    of: ({ train }) => train?.accuracy,
    better: Math.max,
  },
  valLoss: {
    column: "val_loss",
    words: "validation loss",
    meaning: "loss on the validation set",
    of: ({ validation }) => validation?.loss,
    better: Math.min,
  },
  valAccuracy: {
    column: "val_accuracy",
    words: "validation accuracy",
    meaning: "share of the validation set classified correctly",
    of: ({ validation }) => validation?.accuracy,
    better: Math.max,
  },
  testLoss: {
    column: "test_loss",
    words: "test loss",
    meaning: "loss on the test set",
    of: ({ test }) => test?.loss,
    better: Math.min,
  },
  testAccuracy: {
    column: "test_accuracy",
    words: "test accuracy",
    meaning: "share of the test set classified correctly",
    of: ({ test }) => test?.accuracy,
    better: Math.max,
  },
  gap: {
    column: "gap",
    words: "gap",
    meaning: "distance of the loss over all examples from its minimum",
    of: ({ gap }) => gap,
    better: Math.min,
  },
  distance: {
    column: "distance",
    words: "distance",
    meaning: "distance of the weights from the optimum",
    of: ({ distance }) => distance,
    better: Math.min,
  },
};

/** A quantity of the average of the weights. */
const averaged = ({ column, words, meaning, of, better }: QuantityDefinition<AveragedRecord>) => ({
  column: `averaged_${column}`,
  words: `averaged ${words}`,
  meaning: `${meaning}, at the average of the weights`,
  of: (record: Evaluated) => record.averaged && of(record.averaged),
  better,
  isOptional: true,
});

const nameOfAveraged = (name: string) => `averaged${name[0]!.toUpperCase()}${name.slice(1)}`;

/** Everything that evaluations measure, in the order of the columns of summary.csv. */
export const quantities = {
  ...ofWeights,
  ...Object.fromEntries(Object.entries(ofWeights).map(([name, one]) => [nameOfAveraged(name), averaged(one)])),
} as Readonly<Record<Quantity, QuantityDefinition<Evaluated>>>;

/** The loss that says which run, or which moment of one, is best: the validation set's where there is one. */
export const chosenBy = (manifests: readonly Pick<Manifest, "outcome">[]): "valLoss" | "trainLoss" =>
  manifests.some((manifest) => outcomeOf(manifest, "final", "valLoss") !== undefined) ? "valLoss" : "trainLoss";

/** A measured number in a table of runs. */
export interface RunColumn {
  readonly title: string;
  readonly kind: "final" | "best";
  readonly quantity: Quantity;
}

const runColumn = (kind: RunColumn["kind"], quantity: Quantity): RunColumn => {
  const { words } = quantities[quantity];
  return { title: kind === "best" ? `best ${words}` : words, kind, quantity };
};

/**
 * What a table of runs shows of each, where some run has it: losses, with the best by which it is chosen, and
 * accuracies on examples that it was not trained on.
 */
export function runColumns(manifests: readonly Pick<Manifest, "outcome">[]): RunColumn[] {
  const chosen = chosenBy(manifests);
  const columns = [
    runColumn("best", chosen),
    runColumn("final", "trainLoss"),
    ...(chosen === "valLoss" ? [runColumn("final", "valLoss")] : []),
    ...(["valAccuracy", "testAccuracy"] as const).map((quantity) => runColumn("final", quantity)),
  ];
  const isMeasured = ({ kind, quantity }: RunColumn) =>
    quantity === "trainLoss" || manifests.some((manifest) => outcomeOf(manifest, kind, quantity) !== undefined);
  return columns.filter(isMeasured);
}

export const quantityNames = Object.keys(quantities) as Quantity[];

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
