import type { Norm, Precision } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import type { EquationOne, Form, Promises } from "../optimizers/update-rule.js";
import type { KnownConstants } from "../problems/problem.js";
import type { StepRecord } from "../training/record.js";

/** What is known of a run before its first step: bounds decide from it whether they apply. */
export interface BoundContext {
  readonly rule: {
    readonly name: string;
    readonly equationOne: EquationOne;
    /** As gradients are measured, before they are clipped. */
    readonly form?: Form;
    readonly promises?: Promises;
    /** The p of the measured norm ratio, where it is one. */
    readonly norm?: Norm;
    /** True where the measured proportion equals λ_k exactly although the rule is not eq. (1) (T10). */
    readonly elementwise?: true;
  };
  /** The blocks the rule sees: one a layer, one a neuron, or a single one of all layers with `scope: global`. */
  readonly scope: "neuron" | "layer" | "global";
  /** Names of the layers that are kept out of the rule and take plain gradient steps. */
  readonly excluded: readonly string[];
  readonly layers: readonly Layer[];
  readonly fullBatch: boolean;
  readonly constants?: KnownConstants;
  /** λ_k for every step 0 … steps − 1, before the rule's coefficient. */
  readonly learningRate: (step: number) => number;
  /** Their range; not for every step, since there may be 10¹² of them. */
  readonly learningRates: () => { readonly smallest: number; readonly largest: number };
  readonly steps: number;
  readonly precision: Precision;
}

/** A number a bound writes into trace.csv next to what it bounds. */
export interface BoundColumn {
  readonly name: string;
  readonly meaning: string;
  readonly formula: string;
  readonly unit: string;
  /** What it bounds: a column of the trace, in whose figure it is drawn, or the smallest gap so far, drawn in that of the gap. */
  readonly drawnWith?: "loss" | "gap" | "best_gap" | "distance";
}

/**
 * States one inequality measured ≤ bound at the step being observed. It holds when
 * measured ≤ bound + tolerance·|bound| + absoluteTolerance, the relative tolerance being that of the precision. A lower
 * bound is stated the other way round: its theoretical value is `measured`, what was measured is `bound`. An infinite
 * bound says nothing and counts as no check; NaN on either side violates.
 *
 * @param absoluteTolerance the rounding level of the two sides, where digits cancel; 0 if left out
 * @param layer the layer concerned, for layer-wise statements
 */
export type Check = (measured: number, bound: number, absoluteTolerance?: number, layer?: string) => void;

/** What the monitor of a bound without columns returns. */
export const noColumns: readonly number[] = [];

/** A bound at work on one run. Everything it remembers is plain data, so that a run can be cut off and resumed. */
export interface BoundMonitor {
  /**
   * Sees every record of the run, traced or not, in order.
   * @returns the values of the bound's columns, in order, for the trace (NaN where it has none at this step); the
   * array may be the same one at every call
   */
  observe(record: StepRecord, check: Check): readonly number[];
  /** A plain-data copy of what is remembered; `start(context, state)` continues from it. */
  state(): unknown;
  /** Why nothing could be checked although the assumptions hold (e.g. the run was too short); asked at the end. */
  unchecked?(): string | undefined;
}

/** An entry of the registry of bounds: one statement of the theory. */
export interface Bound {
  readonly kind: "bound";
  /** Kebab-case, e.g. "best-iterate". */
  readonly name: string;
  /** "T1" … "T15" */
  readonly theorem: string;
  /** Raised whenever its checks or columns change: part of a run's identity. */
  readonly version: number;
  /** The statement in plain text, as a reader of the paper would write it. */
  readonly statement: string;
  /** One phrase an assumption. */
  readonly assumptions: readonly string[];
  readonly source: string;
  readonly columns: readonly BoundColumn[];
  /** Undefined if the bound applies to the run; otherwise the reason why it does not. */
  reasonNotApplicable(context: BoundContext): string | undefined;
  /** True if it looks at the `invariants` of records, which are not measured otherwise. */
  readonly needsInvariants?: true;
  start(context: BoundContext, state?: unknown): BoundMonitor;
}

/** A bound of the registry. */
export const defineBound = (definition: Omit<Bound, "kind">): Bound => ({ kind: "bound", ...definition });

/**
 * How a bound ended. A bound that was never evaluated is not held.
 *
 * The slack of a check is (bound − measured)/|bound|, and where |bound| is no more than rounding may take it is 0 if the
 * check held and −1 if not. That of a check that held is cut off at −tolerance: what is below has been put down to
 * rounding, and compares noise with noise.
 */
export type Verdict =
  | ({ readonly outcome: "held" } & Slack)
  | ({
      readonly outcome: "violated";
      readonly firstStep: number;
      readonly layer?: string;
      readonly measured: number;
      readonly bound: number;
    } & Slack)
  | { readonly outcome: "not applicable"; readonly reason: string };

/** What the checks of a bound came to. */
export interface Slack {
  readonly checks: number;
  readonly smallestSlack: number;
  /** Over all checks: a bound that is loosened anywhere shows here, even where it is not the tightest. */
  readonly meanSlack: number;
}

/** Relative tolerance of a check, by precision. */
export const tolerance: Readonly<Record<Precision, number>> = { float64: 1e-9, float32: 1e-4 };
