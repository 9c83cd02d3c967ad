import type { StepRecord } from "./record.js";

/** What is wrong with a loss, if the run has diverged by it. */
function lossDetail(name: string, loss: number, lossLimit: number): string | undefined {
  if (!Number.isFinite(loss)) return `${name} is ${loss}`;
  return loss > lossLimit ? `${name} ${loss} is above the limit ${lossLimit}` : undefined;
}

/** What was seen, if a run has diverged at this record. */
export function divergence({ loss, train, layers, last }: StepRecord, lossLimit: number): string | undefined {
  // With mini-batches the last record has no batch.
  const detail = last && Number.isNaN(loss) ? undefined : lossDetail("the loss", loss, lossLimit);
  if (detail !== undefined) return detail;
  for (let i = 0; i < layers.length; i++) {
    if (!Number.isFinite(layers[i]!.weightNorm)) return "the weights are not finite";
  }
  return train && lossDetail("the training loss", train.loss, lossLimit);
}

/** A loss of a step that was not measured, by which the run had diverged before anything else was read. */
export interface DivergedLoss {
  /** Its place among the losses of these steps. */
  readonly index: number;
  readonly loss: number;
  readonly detail: string;
}

/** The first of `count` losses, from `first` on, that is not finite or too large. */
export function divergedLoss(
  values: readonly number[],
  first: number,
  count: number,
  lossLimit: number,
): DivergedLoss | undefined {
  for (let index = 0; index < count; index++) {
    const loss = values[first + index]!;
    const detail = lossDetail("the loss", loss, lossLimit);
    if (detail !== undefined) return { index, loss, detail };
  }
  return undefined;
}
