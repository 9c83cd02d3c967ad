import type { Algebra } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Present } from "./measure.js";

/** A measured step whose numbers are still on the device. */
interface Measurement<V, S> {
  step: number;
  traced: boolean;
  evaluated: boolean;
  present: Present<S>;
  /** How many scalars it has. */
  count: number;
  /** w_k, where the loop has gone on from there and may be asked for it. */
  weights: readonly V[] | undefined;
}

export type UnreadMeasurement<V, S> = Readonly<Measurement<V, S>>;

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
  // Both are written anew after each reading, and counted apart: next to a step of a few numbers to make them takes long.
  private readonly scalars: S[] = [];
  private scalarCount = 0;
  private readonly measured: Measurement<V, S>[] = [];
  private measuredCount = 0;
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
    return this.measuredCount > 0;
  }

  /** Whether to read them now. */
  get areMany(): boolean {
    return this.measuredCount >= this.mostMeasured || this.scalarCount >= mostScalars;
  }

  /** The next step, of which nothing but the loss is known. */
  addLoss(loss: S): void {
    this.scalars[this.scalarCount++] = loss;
  }

  /** The next step, measured. */
  addMeasurement(scalars: readonly S[], step: number, traced: boolean, evaluated: boolean, present: Present<S>): void {
    const count = scalars.length;
    for (let i = 0; i < count; i++) this.scalars[this.scalarCount++] = scalars[i]!;
    const i = this.measuredCount++;
    if (i === this.measured.length) {
      this.measured.push({ step, traced, evaluated, present, count, weights: undefined });
      return;
    }
    const one = this.measured[i]!;
    one.step = step;
    one.traced = traced;
    one.evaluated = evaluated;
    one.present = present;
    one.count = count;
  }

  /** Keeps the weights of the last step until it is read, if it was measured. */
  keep(weights: readonly V[], step: number): boolean {
    if (this.measuredCount === 0) return false;
    const last = this.measured[this.measuredCount - 1]!;
    if (last.step !== step) return false;
    last.weights = weights;
    return true;
  }

  /**
   * What there is so far; it is the caller's until another step is added.
   *
   * @param nextStep the one after the last of them
   */
  take(nextStep: number): Unread<V, S> {
    const { firstStep, scalars, measured } = this;
    if (scalars.length !== this.scalarCount) scalars.length = this.scalarCount;
    if (measured.length !== this.measuredCount) measured.length = this.measuredCount;
    this.firstStep = nextStep;
    this.scalarCount = 0;
    this.measuredCount = 0;
    return { firstStep, scalars, measured };
  }

  /** Frees the weights that were kept for what was taken. */
  free(): void {
    for (const one of this.measured) {
      if (one.weights) this.algebra.dispose(one.weights);
      one.weights = undefined;
    }
  }

  /** Frees what nobody will read. */
  dispose(): void {
    this.algebra.dispose(this.take(Number.NaN).scalars);
    this.free();
  }
}
