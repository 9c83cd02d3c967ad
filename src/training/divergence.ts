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
  if (layers.some(({ weightNorm }) => !Number.isFinite(weightNorm))) return "the weights are not finite";
  return train && lossDetail("the training loss", train.loss, lossLimit);
}

/** A loss by which the run had diverged before anything else of its step was read. */
export interface DivergedLoss {
  readonly step: number;
  readonly loss: number;
  readonly detail: string;
}

/**
 * Losses of the steps that are not measured, one a step. They stay on the device until something is read back anyway,
 * so that where a run has diverged does not depend on what is traced.
 */
export class UnreadLosses<S> {
  private losses: S[] = [];

  constructor(private readonly lossLimit: number) {}

  get count(): number {
    return this.losses.length;
  }

  /** Whether to read them although nothing else is: a run that has diverged is not to go on for long. */
  get areMany(): boolean {
    return this.losses.length >= 256;
  }

  add(loss: S): void {
    this.losses.push(loss);
  }

  take(): S[] {
    const { losses } = this;
    this.losses = [];
    return losses;
  }

  /**
   * The first loss that is not finite or too large.
   *
   * @param values begin with those of the `count` losses taken, in order
   * @param nextStep the one after the last of them
   */
  diverged(values: readonly number[], count: number, nextStep: number): DivergedLoss | undefined {
    for (let i = 0; i < count; i++) {
      const loss = values[i]!;
      const detail = lossDetail("the loss", loss, this.lossLimit);
      if (detail !== undefined) return { step: nextStep - count + i, loss, detail };
    }
    return undefined;
  }
}
