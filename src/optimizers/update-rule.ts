import type { z } from "zod";
import type { Algebra, Norm } from "../compute/algebra.js";

/** What a rule remembers between steps about one block of weights: named vectors. */
export type RuleState<V> = Readonly<Record<string, V>>;

/** The arguments of one update of one block of weights. */
export interface RuleInput<V> {
  readonly weights: V;
  readonly gradient: V;
  /** λ_k, the scheduled learning rate of this step. */
  readonly learningRate: number;
  readonly state: RuleState<V>;
}

export interface RuleOutput<V> {
  /** Δw = w_{k+1} − w_k, as it is applied. */
  readonly update: V;
  readonly state: RuleState<V>;
}

/**
 * Whether the rule, as configured, is exactly equation (1) of arXiv:1801.03137,
 * Δw = −λ_k·c·(‖w‖_p/‖g‖_p)·g, and if not, why: bounds that presuppose it quote the reason.
 */
export type EquationOne =
  | { readonly holds: true; readonly norm: Norm; readonly coefficient: number }
  | { readonly holds: false; readonly reason: string };

/**
 * One update rule, configured. Written once against the algebra; it sees one block of weights at a time (a layer, or
 * all layers as one vector with `scope: global`).
 */
export interface UpdateRule {
  readonly equationOne: EquationOne;
  /** The state before the first step. Absent: the rule remembers nothing. */
  initialState?<V, S>(algebra: Algebra<V, S>, weights: V): RuleState<V>;
  update<V, S>(algebra: Algebra<V, S>, input: RuleInput<V>): RuleOutput<V>;
  /** The relative size of an update in the rule's own measure: ‖Δw‖_p/‖w‖_p for eq. (1). The trace's norm_ratio. */
  proportion<V, S>(algebra: Algebra<V, S>, weights: V, update: V): S;
  /** The p of `proportion`'s norm; absent where it is not a norm ratio. */
  readonly norm?: Norm;
  /** True where `proportion` equals λ_k exactly although the rule is not eq. (1): the identity of T10. */
  readonly elementwise?: true;
  /** Why float32 runs of it on different backends cannot be compared: it magnifies rounding. Absent: it does not. */
  readonly magnifiesRounding?: string;
}

/** An entry of the optimizer registry. `Options` is what `schema` accepts, the field `name` included. */
export interface OptimizerDefinition<Options = unknown> {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The update in plain text, as in the source. */
  readonly formula: string;
  readonly source: string;
  /** Raised whenever the numbers the rule produces change: part of a run's identity. */
  readonly version: number;
  readonly schema: z.ZodObject;
  create(options: Options): UpdateRule;
}

/** Ties a definition's options to its schema. */
export function defineOptimizer<Schema extends z.ZodObject>(
  definition: Omit<OptimizerDefinition<z.output<Schema>>, "schema"> & { readonly schema: Schema },
): OptimizerDefinition {
  return definition as OptimizerDefinition;
}
