/** Rules besides equation (1) that theorems are about, written apart from src/optimizers. */

import { smallestNormal } from "../../src/compute/algebra.js";
import type { Form, Invariant, Promises } from "../../src/optimizers/update-rule.js";
import { norm, scaled, type TestRule, type Vector } from "./simulate.js";

/** A rule that is not equation (1), and what it says of itself. */
export interface TestForm {
  readonly form?: Form;
  readonly promises?: Promises;
  /** A new one for each run: it may remember. */
  rule(): TestRule;
}

const sum = (a: Vector, b: Vector): Vector => a.map((x, i) => x + b[i]!);
const along = (rate: (w: Vector, g: Vector, rate: number) => number) => (): TestRule => (w, g, λ) =>
  scaled(norm(g, 2) < smallestNormal.float64 ? 0 : -rate(w, g, λ), g);

/** Δw = −λg */
export const gradientDescent: TestForm = { form: { alongGradient: true }, rule: along((_, __, λ) => λ) };

/** Δw = −min(λ, c‖w‖/(‖g‖ + ε))·g */
export const clippedTo = (coefficient: number, epsilon = 0): TestForm => ({
  form: { alongGradient: true, clippedRate: { coefficient, epsilon } },
  rule: along((w, g, λ) => Math.min(λ, (coefficient * norm(w, 2)) / (norm(g, 2) + epsilon))),
});

/** w' = (w − λ(‖w‖/‖g‖)g)/√(1 + λ²) */
export const shrinking: TestForm = {
  form: { shrunk: true },
  rule: () => (w, g, λ) => {
    const length = norm(g, 2);
    const v = sum(w, scaled(length < smallestNormal.float64 ? 0 : (-λ * norm(w, 2)) / length, g));
    return v.map((x, i) => x / Math.sqrt(1 + λ ** 2) - w[i]!);
  },
};

/** v ← mv + s·g, w ← w − v with s = λ, or λ‖w‖/‖g‖ where it is proportional. */
export const ball = (momentum: number, proportional = false): TestForm => {
  const rate = (λ: number, w: number, g: number) => (proportional ? (g === 0 ? 0 : (λ * w) / g) : λ);
  return {
    form: { heavyBall: { momentum, rate, constantRate: false } },
    rule() {
      let velocity: Vector | undefined;
      return (w, g, λ) => {
        const step = scaled(rate(λ, norm(w, 2), norm(g, 2)), g);
        velocity = velocity ? sum(scaled(momentum, velocity), step) : step;
        return scaled(-1, velocity);
      };
    },
  };
};

/** Δw = −λ(‖w‖/(‖g‖ + β‖w‖))(g + βw) */
export const decaying = (decay: number): TestForm => ({
  form: { decayed: { coefficient: 1, decay } },
  rule: () => (w, g, λ) => {
    const size = norm(w, 2);
    return scaled((-λ * size) / (norm(g, 2) + decay * size), sum(g, scaled(decay, w)));
  },
});

/** Steps λ‖w‖ long across the gradient, or as promised no longer than that. */
export const proportionalAcross = (is: "exactly" | "at most"): TestForm => ({
  promises: { scaleInvariant: true, proportion: { coefficient: 0.5, is } },
  rule: () => (w, g, λ) => {
    const [x = 0, y = 0] = g;
    const length = norm(g, 2);
    return scaled(length < smallestNormal.float64 ? 0 : (0.5 * λ * norm(w, 2)) / length, [-y, x]);
  },
});

/** max_i |Δw_i| = λ */
const largestEntry: Invariant = {
  statement: "max_i |Δw_i| = λ",
  measure: (algebra, { update }) => algebra.norm(update, "infinity"),
  range: (rate) => [rate, rate],
};

/** Δw = −λ·sign(g) */
export const signs: TestForm = {
  promises: { scaleInvariant: true, invariants: [largestEntry] },
  rule: () => (_, g, λ) => scaled(-λ, g.map(Math.sign)),
};
