import type { StepRecord } from "../training/record.js";
import type { Outcome } from "./manifest.js";

/** What has to be remembered of a run to tell whether it learned anything. */
export interface HealthState {
  /** Largest accuracy on the training examples of all evaluations after that of w_0. */
  readonly bestAccuracy?: number | undefined;
  /** Of each layer whose gradient is 0 now, by name: the first of the traced steps in a row at which it was. */
  readonly silentSince: Readonly<Record<string, number>>;
  /** Of the last step whose gradients were traced. */
  readonly lastGradient?: number | undefined;
}

/** What chance comes to on a run's training examples that are evaluated. */
export interface Chance {
  /** How many they are. */
  readonly examples: number;
  /** Share of the class that most of all training examples belong to. */
  readonly majorityShare: number;
}

/** How many of a share's standard errors are taken for noise. */
const standardErrors = 3;

/** The largest accuracy that is still no more than naming one class. */
const chanceLimit = ({ examples, majorityShare: p }: Chance) =>
  p + standardErrors * Math.sqrt((p * (1 - p)) / examples);

/** The end of a run over which a gradient is looked at. */
const tail = 0.1;

/**
 * Watches for runs that learn nothing: whose accuracy is never above chance after the start, or one of whose layers no
 * gradient reaches any more, as behind ReLUs that are never active.
 */
export class HealthReader {
  private bestAccuracy: number | undefined;
  private lastGradient: number | undefined;
  private readonly silentSince: Map<string, number>;

  /** @param earlier state at the checkpoint that the run goes on from */
  constructor(
    private readonly layerNames: readonly string[],
    earlier: HealthState = { silentSince: {} },
  ) {
    this.bestAccuracy = earlier.bestAccuracy;
    this.lastGradient = earlier.lastGradient;
    this.silentSince = new Map(Object.entries(earlier.silentSince));
  }

  observe(record: StepRecord): void {
    const { step, evaluated, train, traced, layers } = record;
    if (evaluated && step > 0 && train?.accuracy !== undefined) {
      this.bestAccuracy = Math.max(this.bestAccuracy ?? 0, train.accuracy);
    }
    if (!traced) return;
    for (const [i, { gradientNorm }] of layers.entries()) {
      // The last record of a run with mini-batches has none.
      if (Number.isNaN(gradientNorm)) continue;
      const name = this.layerNames[i]!;
      this.lastGradient = step;
      if (gradientNorm !== 0) this.silentSince.delete(name);
      else if (!this.silentSince.has(name)) this.silentSince.set(name, step);
    }
  }

  state(): HealthState {
    const { bestAccuracy, lastGradient } = this;
    return { bestAccuracy, lastGradient, silentSince: Object.fromEntries(this.silentSince) };
  }

  /**
   * What to warn of, one line each; nothing where all is well.
   *
   * @param chance for problems that classify
   */
  warnings({ steps, final }: Outcome, chance: Chance | undefined): string[] {
    return [...this.chanceWarning(chance), ...this.silenceWarning(steps, final)];
  }

  private chanceWarning(chance: Chance | undefined): string[] {
    const { bestAccuracy } = this;
    if (!chance || bestAccuracy === undefined) return [];
    const limit = chanceLimit(chance);
    // Above 1 no accuracy is, and nothing can be told.
    if (limit >= 1 || bestAccuracy > limit) return [];
    return [
      `stuck at chance: training accuracy never above ${percent(bestAccuracy)} after the start, and ${percent(chance.majorityShare)} of the examples are of one class`,
    ];
  }

  private silenceWarning(steps: number, { gap, trainLoss }: Outcome["final"]): string[] {
    // At the bottom of the loss all gradients are 0, and nothing is wrong.
    const isSolved = gap === undefined ? trainLoss === 0 : gap <= 0;
    const from = (1 - tail) * steps;
    if (isSolved || this.lastGradient === undefined || this.lastGradient < from) return [];
    const silent = [...this.silentSince].filter(([, since]) => since <= from);
    if (silent.length === 0) return [];
    const since = Math.max(...silent.map(([, step]) => step));
    return [`dead units: no gradient reaches ${silent.map(([name]) => name).join(", ")} since step ${since}`];
  }
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
