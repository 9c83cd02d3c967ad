import { toDigits } from "../base/numbers.js";
import type { EquationOne } from "../optimizers/update-rule.js";
import type { KnownConstants } from "../problems/problem.js";
import type { BoundContext } from "./bound.js";

/** The range of λ_k·coefficient over the whole run: what the statements call λ_k. */
export interface Rates {
  readonly smallest: number;
  readonly largest: number;
}

const rates = new WeakMap<BoundContext, Rates>();

/** p and the coefficient of a rule that is equation (1), Δw = −λ_k·coefficient·(‖w‖_p/‖g‖_p)·g. */
export function ruleOf({ rule: { name, equationOne } }: BoundContext): Extract<EquationOne, { holds: true }> {
  if (!equationOne.holds) throw new Error(`bound started on ${name}, which is not equation (1)`);
  return equationOne;
}

/** Looked up once a run: several bounds ask for it, and a run may have a million steps. */
export function ratesOf(context: BoundContext): Rates {
  const known = rates.get(context);
  if (known) return known;
  const { coefficient } = ruleOf(context);
  const { smallest, largest } = context.learningRates();
  const found = { smallest: smallest * coefficient, largest: largest * coefficient };
  rates.set(context, found);
  return found;
}

/** W = ‖w*‖₂; NaN where w* is not known. */
export function optimumNorm({ constants }: BoundContext): number {
  if (!constants?.optimum) return Number.NaN;
  return Math.hypot(...constants.optimum.map((layer) => layer.reduce((norm, entry) => Math.hypot(norm, entry), 0)));
}

/** κ = L/μ; NaN where either is not known. */
export function conditionNumberOf({ constants }: BoundContext): number {
  return (constants?.smoothness ?? Number.NaN) / (constants?.strongConvexity ?? Number.NaN);
}

/** A constant that a bound's assumptions promise. */
export function known<Name extends keyof KnownConstants>(
  { constants }: BoundContext,
  name: Name,
): NonNullable<KnownConstants[Name]> {
  const value = constants?.[name];
  if (value === undefined) throw new Error(`bound started without the constant ${name}`);
  return value;
}

/** For messages: six digits tell the reader enough. */
export const short = (value: number): string => toDigits(value, 6);
