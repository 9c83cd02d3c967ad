import type { StepRecord } from "../training/record.js";
import type { Outcome, Quantity } from "./manifest.js";
import { betterOf, quantities, quantityNames } from "./quantities.js";

/** Collects a run's outcome: losses and the like from its evaluations, norm ratios from its traced records. */
export class OutcomeReader {
  private steps: number;
  private normRatio: Outcome["normRatio"];
  private selected: Outcome["selected"];
  private readonly final: Partial<Record<Quantity, number>>;
  private readonly best: Partial<Record<Quantity, number>>;

  /** @param earlier outcome of the records already seen, for a run that goes on */
  constructor(earlier: Outcome = { steps: 0, final: {}, best: {} }) {
    this.steps = earlier.steps;
    this.normRatio = earlier.normRatio;
    this.selected = earlier.selected;
    this.final = { ...earlier.final };
    this.best = { ...earlier.best };
  }

  observe(record: StepRecord): void {
    if (record.evaluated) this.evaluate(record);
    if (record.traced) this.trace(record);
  }

  private evaluate(record: StepRecord): void {
    const measured: Partial<Record<Quantity, number>> = {};
    for (const quantity of quantityNames) {
      const { of, direction } = quantities[quantity];
      const value = of(record);
      if (value === undefined) continue;
      measured[quantity] = value;
      this.final[quantity] = value;
      const best = this.best[quantity];
      if (!Number.isNaN(value)) this.best[quantity] = best === undefined ? value : betterOf(direction, best, value);
    }
    const { valLoss = Number.NaN } = measured;
    if (valLoss < (this.selected?.measured.valLoss ?? Number.POSITIVE_INFINITY)) {
      this.selected = { step: record.step, measured };
    }
  }

  private trace({ step, layers }: StepRecord): void {
    this.steps = step;
    for (const { normRatio } of layers) {
      if (Number.isNaN(normRatio)) continue;
      const { smallest = normRatio, largest = normRatio } = this.normRatio ?? {};
      this.normRatio = { smallest: Math.min(smallest, normRatio), largest: Math.max(largest, normRatio) };
    }
  }

  /** A plain-data copy of what was collected so far. */
  state(): Outcome {
    const { steps, final, best, selected, normRatio } = this;
    return {
      ...{ steps, final: { ...final }, best: { ...best } },
      ...(selected && { selected }),
      ...(normRatio && { normRatio }),
    };
  }

  /** @param steps updates made, which the last traced record may not have reached */
  result(steps: number): Outcome {
    return { ...this.state(), steps };
  }
}
