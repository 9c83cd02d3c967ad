import type { Norm } from "../compute/algebra.js";
import type { Invariant } from "./update-rule.js";

/** ‖Δw‖_p as a sign that readers know: of one entry where p = ∞. */
const lengthSign = (p: Norm) => (p === "infinity" ? "max_i |Δw_i|" : `‖Δw‖_${p}`);

const ofRate = (coefficient: number) => (coefficient === 1 ? "λ" : `${coefficient}·λ`);

/** ‖Δw‖_p ≤ c·λ at every step, whatever the weights and gradients. */
export const stepsUpTo = (coefficient: number, p: Norm): Invariant => ({
  statement: `${lengthSign(p)} ≤ ${ofRate(coefficient)}`,
  measure: (algebra, { update }) => algebra.norm(update, p),
  range: (learningRate) => [0, coefficient * learningRate],
});

/** ‖Δw‖_p = λ at every step whose direction is not 0. */
export const stepsOf = (p: Norm): Invariant => ({
  statement: `${lengthSign(p)} = λ`,
  measure: (algebra, { update }) => algebra.norm(update, p),
  range: (learningRate) => [learningRate, learningRate],
});
