import { z } from "zod";
import { type Precision, type RuleAlgebra, smallestNormal } from "../compute/algebra.js";
import { neuronSize, perNeuron } from "../compute/per-neuron.js";
import { movingAverage, quotientOrZero, weightsSum } from "./moments.js";
import { normRatio } from "./norm-ratio.js";
import { defineOptimizer, type Invariant, type RuleInput, type RuleOutput, type UpdateRule } from "./update-rule.js";

/** Where the centred weights of a neuron are smaller than this share of the weights they are rounding errors, or 0. */
const rounding: Readonly<Record<Precision, number>> = { float64: 2 ** -40, float32: 2 ** -16 };

type Part<V, S> = Omit<RuleInput<V, S>, "shape">;

/** √v̂ with v ← βv + (1 − β)·now, v = 0 at first. */
function rootOfAverage<V, S>(algebra: RuleAlgebra<V, S>, beta: number, step: number, before: S, now: S) {
  const { scalar, times } = algebra;
  const square = algebra.plus(times(scalar(beta), before), times(scalar(1 - beta), now));
  return { square, root: algebra.root(algebra.over(square, scalar(weightsSum(beta, step)))) };
}

/** w − mean(w), of length 1; the weights as they are where nothing is left of them once they are centred. */
function balanced<V, S>(algebra: RuleAlgebra<V, S>, weights: V): V {
  const { scalar, ifLess } = algebra;
  const mean = algebra.mean(weights);
  const ones = algebra.shift(algebra.zerosLike(weights), 1);
  const less = (shift: S) => algebra.addScaled(weights, algebra.minus(scalar(0), shift), ones);
  const size = algebra.norm(less(mean), 2);
  const limit = algebra.plus(
    algebra.times(scalar(rounding[algebra.precision]), algebra.norm(weights, 2)),
    scalar(smallestNormal[algebra.precision]),
  );
  const centred = less(ifLess(size, limit, scalar(0), mean));
  return algebra.divideBy(centred, ifLess(size, limit, scalar(1), size));
}

/** One step of the neurons that this algebra sees: its scalars are one number a neuron, or a single one. */
function turn<V, S>(algebra: RuleAlgebra<V, S>, beta: number, input: Part<V, S>): RuleOutput<V, S> {
  const { weights, gradient, learningRate, step, state } = input;
  const { scalar, times } = algebra;
  const size = algebra.norm(gradient, 2);
  const { square, root } = rootOfAverage(algebra, beta, step, state.square as S, times(size, size));
  const vanishing = scalar(smallestNormal[algebra.precision]);
  const length = times(scalar(-learningRate), algebra.norm(weights, 2));
  const factor = algebra.ifLess(root, vanishing, scalar(0), algebra.over(length, root));
  const next = balanced(algebra, algebra.addScaled(weights, factor, gradient));
  return { update: algebra.subtract(next, weights), state: { square } };
}

/** The step of biases in the paper: each on its own, at their scale in place of ‖w‖. */
const biases = (beta: number, scale: number): UpdateRule => ({
  equationOne: { holds: false, reason: "nero's step of biases does not depend on ‖w‖, so it is not equation (1)" },
  promises: { scaleInvariant: true },
  ...normRatio(2),
  initialState: (algebra, weights) => ({ square: algebra.zerosLike(weights) }),
  update(algebra, { gradient, learningRate, step, state }) {
    const { scalar } = algebra;
    const now = algebra.multiply(gradient, gradient);
    const square = movingAverage(algebra, beta, state.square as typeof gradient, now);
    const root = algebra.squareRoot(algebra.divideBy(square, scalar(weightsSum(beta, step))));
    const relative = quotientOrZero(algebra, gradient, root);
    return { update: algebra.scale(scalar(-learningRate * scale), relative), state: { square } };
  },
});

/** What is measured of each neuron after a step, the largest of it; 0 where neurons have one weight, which nothing turns. */
function largestOverNeurons<V, S>(
  algebra: RuleAlgebra<V, S>,
  next: V,
  shape: readonly number[],
  measure: <A, B>(algebra: RuleAlgebra<A, B>, weights: A) => B,
): S {
  if ((shape.length < 2 ? (shape[0] ?? 1) : neuronSize(shape)) < 2) return algebra.scalar(0);
  if (shape.length < 2) return measure(algebra, next);
  const neurons = perNeuron(algebra, shape);
  return algebra.norm(measure(neurons, next), "infinity");
}

const magnitude = <V, S>({ ifLess, minus, scalar }: RuleAlgebra<V, S>, s: S): S =>
  ifLess(s, scalar(0), minus(scalar(0), s), s);

/** The first step may centre weights that are equal but for a thousandth, and then has so many times their roundings. */
const lostToCentring = 2 ** 10;

/** Of what a step leaves: every neuron on the sphere, and its weights about 0. */
const balance: readonly Invariant[] = [
  {
    statement: "‖w + Δw‖₂ = 1 for each neuron",
    measure: (algebra, { next, shape }) =>
      largestOverNeurons(algebra, next, shape, (neurons, weights) =>
        magnitude(neurons, neurons.minus(neurons.norm(weights, 2), neurons.scalar(1))),
      ),
    range: () => [0, 0],
    magnitude: () => lostToCentring,
  },
  {
    statement: "the mean of w + Δw is 0 for each neuron",
    measure: (algebra, { next, shape }) =>
      largestOverNeurons(algebra, next, shape, (neurons, weights) => magnitude(neurons, neurons.mean(weights))),
    range: () => [0, 0],
    magnitude: () => lostToCentring,
  },
];

/**
 * Nero: each neuron turns on the sphere of the balanced weights, by an angle of about λ. The last axis of a layer counts
 * its neurons; a layer of one axis is a single neuron, so that biases are for `exclude`, with `excludedUpdate: unscaled`
 * for the paper's own step of theirs.
 *
 * Promised: after each step every neuron has ‖w‖₂ = 1 and mean 0. *Proof.* These are the last two lines of the
 * algorithm; centring comes first, and a multiple of a centred vector is centred. ∎ A neuron whose weights are all equal,
 * as a single one is, has no such multiple, and is left where its step leads; one of two weights has just two balanced
 * places, and stays in its own. The algorithm starts on the sphere: here the first step leads there.
 */
export const nero = defineOptimizer({
  name: "nero",
  summary: "each neuron turns by λ on the sphere of balanced weights (Nero)",
  formula: "v ← βv + (1 − β)‖g‖₂²;  w ← w − λ·‖w‖₂·g/√v̂;  w ← w − mean(w);  w ← w/‖w‖₂, for each neuron",
  source: "Liu, Bernstein, Meister & Yue, arXiv:2102.07227, algorithm 1",
  version: 2,
  schema: z.strictObject({
    name: z.literal("nero"),
    beta: z.number().nonnegative().lt(1).default(0.999).describe("β of v, the average of ‖g‖² of each neuron"),
    biasScale: z
      .number()
      .positive()
      .default(0.01)
      .describe("σ_b of Δb = −λ·σ_b·g/√v̂, the step of excluded layers with excludedUpdate: unscaled"),
  }),
  variants: [{ beta: 0.9 }, { biasScale: 1 }],
  create: ({ beta, biasScale }) => ({
    equationOne: { holds: false, reason: "nero's steps stay on a sphere, so it is not equation (1)" },
    promises: { scaleInvariant: true, invariants: balance },
    unscaled: biases(beta, biasScale),
    ...normRatio(2),
    initialState: (algebra, _, shape) => ({
      square: shape.length > 1 ? perNeuron(algebra, shape).scalar(0) : algebra.scalar(0),
    }),
    update<V, S>(algebra: RuleAlgebra<V, S>, { shape, ...input }: RuleInput<V, S>): RuleOutput<V, S> {
      if (shape.length < 2) return turn(algebra, beta, input);
      return turn(perNeuron(algebra, shape), beta, input as Part<V, V>) as RuleOutput<V, S>;
    },
  }),
});
