import type { z } from "zod";
import type { Norm, RuleAlgebra } from "../compute/algebra.js";

/** What a rule remembers between steps about one block of weights: named vectors and scalars. */
export type RuleState<V, S> = Readonly<Record<string, V | S>>;

/** The arguments of one update of one block of weights. */
export interface RuleInput<V, S> {
  readonly weights: V;
  readonly gradient: V;
  /** k, the number of updates made before this one; bias corrections want k + 1. */
  readonly step: number;
  /** λ_k, the scheduled learning rate of this step. */
  readonly learningRate: number;
  /** Of the weights: the layer's, or one axis where the block is several layers or a single neuron. */
  readonly shape: readonly number[];
  /** The gradient of each example of the batch, where the rule needs them. */
  readonly exampleGradients?: readonly V[];
  readonly state: RuleState<V, S>;
}

export interface RuleOutput<V, S> {
  /** Δw = w_{k+1} − w_k, as it is applied. */
  readonly update: V;
  readonly state: RuleState<V, S>;
}

/**
 * Whether the rule, as configured, is exactly equation (1) of arXiv:1801.03137,
 * Δw = −λ_k·c·(‖w‖_p/‖g‖_p)·g, and if not, why: bounds that presuppose it quote the reason.
 */
export type EquationOne =
  | { readonly holds: true; readonly norm: Norm; readonly coefficient: number }
  | { readonly holds: false; readonly reason: string };

/** A step that was made from weights w: Δw, and w + Δw. */
export interface StepMade<V> {
  readonly weights: V;
  readonly update: V;
  readonly next: V;
  /** As in `RuleInput`. */
  readonly shape: readonly number[];
}

/** A number measured of a step, which stays within a range whatever weights (not 0) and gradients the step is made of. */
export interface Invariant {
  /** In plain text, e.g. "‖w + Δw‖₂/‖w‖₂ ∈ [1 − λ, 1 + λ]/√(1 + λ²)". */
  readonly statement: string;
  measure<V, S>(algebra: RuleAlgebra<V, S>, step: StepMade<V>): S;
  /** The ends of the range; a step of length 0 may be below the lowest. */
  range(learningRate: number): readonly [lowest: number, highest: number];
  /** The size of the numbers that cancel in what is measured, whose rounding errors it has; absent: none do. */
  magnitude?(learningRate: number): number;
}

/**
 * How a step is made of the weights and the gradient of its block, where it is one of the forms that theorems are
 * about. s stands for a number ≥ 0, λ for λ_k.
 */
export interface Form {
  /** Δw = −s·g at every step, whatever is remembered: no momentum, no decay, no entry scaled apart (T3, T4a, T12a). */
  readonly alongGradient?: true;
  /** Δw = −s·g with s = min(λ, c‖w‖₂/(‖g‖₂ + ε)) (T12b). */
  readonly clippedRate?: { readonly coefficient: number; readonly epsilon: number };
  /** w + Δw = (w − λ(‖w‖₂/‖g‖₂)·g)/√(1 + λ²): equation (1), and then the weights are shrunk (T13). */
  readonly shrunk?: true;
  /** Δw_k = m·Δw_{k−1} − s_k·g_k, the heavy ball (T14). */
  readonly heavyBall?: HeavyBall;
  /** Δw = −λc·(‖w‖₂/(‖g‖₂ + β‖w‖₂))·(g + βw): weight decay in LARS (T15c). */
  readonly decayed?: { readonly coefficient: number; readonly decay: number };
}

export interface HeavyBall {
  /** m */
  readonly momentum: number;
  /** s_k from the norms of the weights and the gradient, in the rule's norm. */
  rate(learningRate: number, weightNorm: number, gradientNorm: number): number;
  /** True where λ multiplies the velocity, so that the form is this one while λ is constant. */
  readonly constantRate: boolean;
}

/** What a rule promises of every step, as configured: checked by `ruleChecks` over random weights and gradients. */
export interface Promises {
  /** Before anything is remembered Δw is a positive multiple of −g. */
  readonly againstGradient?: true;
  /** Whether the steps stay the same where all gradients are multiplied by the same number (T7). */
  readonly scaleInvariant: boolean;
  /** No weight changes its sign. */
  readonly keepsSigns?: true;
  /** `proportion` of the update is `coefficient`·λ_k, or at most that. */
  readonly proportion?: { readonly coefficient: number; readonly is: "exactly" | "at most" };
  /** What else its form guarantees; the rule's docstring has the proofs. */
  readonly invariants?: readonly Invariant[];
  readonly form?: Form;
}

/**
 * One update rule, configured. Written once against the algebra; it sees one block of weights at a time (a layer, each
 * neuron of one with `scope: neuron`, or all layers as one vector with `scope: global`).
 */
export interface UpdateRule {
  readonly equationOne: EquationOne;
  readonly promises: Promises;
  /** What the rule is given besides the gradient; it costs a gradient an example. */
  readonly needs?: { readonly exampleGradients: true };
  /** The state before the first step. Absent: the rule remembers nothing. */
  initialState?<V, S>(algebra: RuleAlgebra<V, S>, weights: V, shape: readonly number[]): RuleState<V, S>;
  update<V, S>(algebra: RuleAlgebra<V, S>, input: RuleInput<V, S>): RuleOutput<V, S>;
  /** The relative size of an update in the rule's own measure: ‖Δw‖_p/‖w‖_p for eq. (1). The trace's norm_ratio. */
  proportion<V, S>(algebra: RuleAlgebra<V, S>, weights: V, update: V): S;
  /** The rule with its steps proportional to the gradient, what else it does (momentum) kept: for excluded layers. */
  readonly unscaled?: UpdateRule;
  /** The p of `proportion`'s norm; absent where it is not a norm ratio. */
  readonly norm?: Norm;
  /** True where `proportion` equals λ_k exactly although the rule is not eq. (1): the identity of T10. */
  readonly elementwise?: true;
  /** Why float32 runs of it on different backends cannot be compared: it magnifies rounding. Absent: it does not. */
  readonly magnifiesRounding?: string;
}

/** A rule as another implementation has it: options of ours, spelled out. */
export interface Convention {
  /** The implementation, e.g. "optax.lars". */
  readonly source: string;
  /** Those that make up its formula; learning rate, momentum and weight decay are left to the user. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** An entry of the optimizer registry. `Options` is what `schema` accepts, the field `name` included. */
export interface OptimizerDefinition<Options = unknown> {
  readonly kind: "optimizer";
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The update in plain text, as in the source. */
  readonly formula: string;
  readonly source: string;
  /** Raised whenever the numbers the rule produces change: part of a run's identity. */
  readonly version: number;
  readonly schema: z.ZodObject;
  /** What `convention` can name in a config; its options are put in its place, and those given beside it win. */
  readonly conventions?: Readonly<Record<string, Convention>>;
  /** Options besides the defaults with which the rule's promises are checked too. */
  readonly variants?: readonly Readonly<Record<string, unknown>>[];
  create(options: Options): UpdateRule;
}

/** A definition that knows the type of its options. */
export type TypedOptimizerDefinition<Schema extends z.ZodObject> = OptimizerDefinition & { readonly schema: Schema };

/** An update rule whose `create` takes exactly what its schema yields. */
export function defineOptimizer<Schema extends z.ZodObject>(
  definition: Omit<OptimizerDefinition<z.output<Schema>>, "schema" | "kind"> & { readonly schema: Schema },
): TypedOptimizerDefinition<Schema> {
  return { kind: "optimizer", ...definition } as TypedOptimizerDefinition<Schema>;
}
