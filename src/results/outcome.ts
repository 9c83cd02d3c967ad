import type { StepRecord } from "../training/record.js";
import type { Outcome } from "./manifest.js";

/** Collects a run's outcome from its traced records. */
export class OutcomeReader {
  /** @param outcome of the records already seen, for a run that goes on */
  constructor(private outcome: Outcome = { steps: 0 }) {}

  observe({ step, loss, test, layers, traced }: StepRecord): void {
    if (!traced) return;
    const { bestLoss = Number.POSITIVE_INFINITY, bestTestAccuracy = 0, normRatio } = this.outcome;
    const ratios = layers.map((layer) => layer.normRatio).filter((ratio) => !Number.isNaN(ratio));
    this.outcome = {
      ...this.outcome,
      steps: step,
      ...(!Number.isNaN(loss) && { finalLoss: loss, bestLoss: Math.min(bestLoss, loss) }),
      ...(test?.accuracy !== undefined && {
        finalTestAccuracy: test.accuracy,
        bestTestAccuracy: Math.max(bestTestAccuracy, test.accuracy),
      }),
      ...(ratios.length > 0 && {
        normRatio: {
          smallest: Math.min(...ratios, normRatio?.smallest ?? Number.POSITIVE_INFINITY),
          largest: Math.max(...ratios, normRatio?.largest ?? Number.NEGATIVE_INFINITY),
        },
      }),
    };
  }

  /** A plain-data copy of what was collected so far. */
  state(): Outcome {
    return this.outcome;
  }

  /** @param steps updates made, which the last traced record may not have reached */
  result(steps: number): Outcome {
    return { ...this.outcome, steps };
  }
}
