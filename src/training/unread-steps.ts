import type { Algebra } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Present } from "./measure.js";

/** A measured step whose numbers are still on the device. */
export interface UnreadMeasurement<V, S> {
  readonly step: number;
  readonly traced: boolean;
  readonly evaluated: boolean;
  readonly present: Present<S>;
  /** How many scalars it has. */
  readonly count: number;
  /** w_k, where the loop has gone on from there and may be asked for it. */
  weights: readonly V[] | undefined;
}

/** Steps in a row that were computed and not yet read back. */
export interface Unread<V, S> {
  /** Where they begin. */
  readonly firstStep: number;
  /** Of each step the loss alone or, where it was measured, all of its measurement. */
  readonly scalars: readonly S[];
  readonly measured: readonly UnreadMeasurement<V, S>[];
}

/** Losses that nobody asked for are read all the same: a run that has diverged is not to go on for long. */
const mostScalars = 256;

/** Weights that are kept for steps that are not yet read: 64 MiB of float32 numbers. */
const mostEntries = 2 ** 24;

/**
 * Collects what is computed until it is read back, several steps at a time: reading is what a device waits for. Where a
 * run has diverged does not depend on what of it is measured.
 */
export class UnreadSteps<V, S> {
  private scalars: S[] = [];
  private measured: UnreadMeasurement<V, S>[] = [];
  private firstStep: number;
  private readonly mostMeasured: number;

  constructor(
    private readonly algebra: Algebra<V, S>,
    layers: readonly Layer[],
    { firstStep, stepsPerRead }: Readonly<Record<"firstStep" | "stepsPerRead", number>>,
  ) {
    this.firstStep = firstStep;
    const entries = layers.reduce((sum, layer) => sum + layerSize(layer), 0);
    this.mostMeasured = Math.max(1, Math.min(stepsPerRead, Math.floor(mostEntries / entries)));
  }

  get hasMeasured(): boolean {
    return this.measured.length > 0;
  }

  /** Whether to read them now. */
  get areMany(): boolean {
    return this.measured.length >= this.mostMeasured || this.scalars.length >= mostScalars;
  }

  /** The next step, of which nothing but the loss is known. */
  addLoss(loss: S): void {
    this.scalars.push(loss);
  }

  /** The next step, measured; the scalars become the collector's own. */
  addMeasurement(
    scalars: S[],
    { step, traced, evaluated, present }: Pick<UnreadMeasurement<V, S>, "step" | "traced" | "evaluated" | "present">,
  ): void {
    if (this.scalars.length === 0) this.scalars = scalars;
    else for (let i = 0; i < scalars.length; i++) this.scalars.push(scalars[i]!);
    this.measured.push({ step, traced, evaluated, present, count: scalars.length, weights: undefined });
  }

  /** Keeps the weights of the last step until it is read, if it was measured. */
  keep(weights: readonly V[], step: number): boolean {
    const last = this.measured.at(-1);
    if (last?.step !== step) return false;
    last.weights = weights;
    return true;
  }

  /** @param nextStep the one after the last of them */
  take(nextStep: number): Unread<V, S> {
    const { firstStep, scalars, measured } = this;
    this.firstStep = nextStep;
    this.scalars = [];
    this.measured = [];
    return { firstStep, scalars, measured };
  }

  /** Frees the weights that were kept for these. */
  free({ measured }: Unread<V, S>): void {
    for (const { weights } of measured) if (weights) this.algebra.dispose(weights);
  }

  /** Frees what nobody will read. */
  dispose(): void {
    const unread = this.take(Number.NaN);
    this.algebra.dispose(unread.scalars);
    this.free(unread);
  }
}
