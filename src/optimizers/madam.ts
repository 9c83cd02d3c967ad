import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { movingAverage, quotientOrZero, weightsSum } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { plainGradient } from "./sgd.js";
import { defineOptimizer, type Invariant } from "./update-rule.js";

/** The root of the mean square of the weights, the scale of a layer. */
const rootMeanSquare = <V, S>(algebra: RuleAlgebra<V, S>, weights: V): S =>
  algebra.root(algebra.mean(algebra.multiply(weights, weights)));

/** w, each entry between −limit and limit; NaN compares false and stays. */
function capped<V, S>(algebra: RuleAlgebra<V, S>, weights: V, limit: S): V {
  const limits = algebra.scale(limit, algebra.shift(algebra.zerosLike(weights), 1));
  const atLimit = algebra.multiply(algebra.sign(weights), limits);
  return algebra.ifLessEach(limits, algebra.absolute(weights), atLimit, weights);
}

/** |Δ log|w|| ≤ cλ for every weight, as two bounds on the larger of the weights before and after over the smaller. */
const logarithmicChange = (largestChange: number, isCapped: boolean): readonly Invariant[] => [
  {
    statement: `|w + Δw| ≤ e^{${largestChange}λ}·|w|`,
    measure: (algebra, { weights, next }) => algebra.norm(quotientOrZero(algebra, next, weights), "infinity"),
    range: (rate) => [0, Math.exp(largestChange * rate)],
  },
  ...(isCapped
    ? []
    : [
        {
          statement: `|w| ≤ e^{${largestChange}λ}·|w + Δw|`,
          measure: (algebra, { weights, next }) => algebra.norm(quotientOrZero(algebra, weights, next), "infinity"),
          range: (rate) => [0, Math.exp(largestChange * rate)],
        } satisfies Invariant,
      ]),
];

/**
 * Madam: every weight is multiplied, by e^{−λ} or e^{λ} where its gradient has its usual size.
 *
 * Promised: no weight changes its sign, and |Δ log|w|| ≤ cλ but for the cap, which only makes a weight smaller.
 * *Proof.* w' = w·e^{−λx} with |x| ≤ c, a positive multiple of w; cutting off at ±limit keeps the sign and the upper
 * bound. ∎ Without the cap e^{−cλ} is the lower bound too. A weight at 0 stays there, and where e^{−cλ} is below the
 * rounding error of the weight it gets there.
 */
export const madam = defineOptimizer({
  name: "madam",
  summary: "multiplicative updates: the logarithm of each weight changes by about λ (Madam)",
  formula: "v ← βv + (1 − β)g²;  w ← w·exp(−λ·sign(w)·clip(g/√v̂, ±c));  w ← clip(w, ±s·rms(w_0))",
  source: "Bernstein, Zhao, Meister, Liu, Anandkumar & Yue, arXiv:2006.14560",
  version: 2,
  schema: z.strictObject({
    name: z.literal("madam"),
    beta: z.number().nonnegative().lt(1).default(0.999).describe("β of v, the average of g² of each weight"),
    largestChange: z
      .number()
      .positive()
      .default(10)
      .describe("c: the most a weight's logarithm changes, in units of λ"),
    cap: z
      .number()
      .nonnegative()
      .default(3)
      .describe("s: no weight is larger than s times the root mean square of its layer's first weights; 0: no cap"),
  }),
  variants: [{ beta: 0.5, largestChange: 1.01 }, { cap: 0 }],
  create: ({ beta, largestChange, cap }) => ({
    equationOne: { holds: false, reason: "madam multiplies each weight, so it is not equation (1)" },
    promises: {
      keepsSigns: true,
      scaleInvariant: true,
      invariants: logarithmicChange(largestChange, cap > 0),
    },
    unscaled: plainGradient,
    ...normRatio(2),
    initialState: (algebra, weights) => ({
      meanSquare: algebra.zerosLike(weights),
      ...(cap > 0 && { limit: algebra.times(algebra.scalar(cap), rootMeanSquare(algebra, weights)) }),
    }),

    update(algebra, { weights, gradient, learningRate, step, state }) {
      const { scalar } = algebra;
      const square = algebra.multiply(gradient, gradient);
      const meanSquare = movingAverage(algebra, beta, state.meanSquare as typeof weights, square);
      const root = algebra.squareRoot(algebra.divideBy(meanSquare, scalar(weightsSum(beta, step))));
      const relative = algebra.clip(quotientOrZero(algebra, gradient, root), -largestChange, largestChange);
      const exponent = algebra.scale(scalar(-learningRate), algebra.multiply(algebra.sign(weights), relative));
      const multiplied = algebra.multiply(weights, algebra.exponential(exponent));
      const next = cap > 0 ? capped(algebra, multiplied, state.limit as ReturnType<typeof scalar>) : multiplied;
      return { update: algebra.subtract(next, weights), state: { ...state, meanSquare } };
    },
  }),
});
