/** Plugins as people would write them. */

/** A rule with a vector, a scalar and the step number in its memory: the step is along the mean gradient so far. */
export const meanRule = `
import { defineOptimizer, z } from "run-experiment/plugin";
export default defineOptimizer({
  name: "mean-lars",
  summary: "LARS along the mean of all gradients",
  formula: "m ← (1 − 1/k)·m + g/k; Δw = −λ(‖w‖/‖m‖)·m",
  source: "a test",
  version: 1,
  schema: z.strictObject({ name: z.literal("mean-lars") }),
  create: () => ({
    equationOne: { holds: false, reason: "it follows the mean gradient, so it is not equation (1)" },
    promises: { againstGradient: true, scaleInvariant: true, proportion: { coefficient: 1, is: "exactly" } },
    norm: 2,
    proportion: (algebra, w, update) => algebra.over(algebra.norm(update, 2), algebra.norm(w, 2)),
    initialState: (algebra, w) => ({ mean: algebra.zerosLike(w), seen: algebra.scalar(0) }),
    update(algebra, { weights, gradient, step, learningRate, state }) {
      const seen = algebra.plus(state.seen, algebra.scalar(1));
      const kept = algebra.minus(algebra.scalar(1), algebra.over(algebra.scalar(1), seen));
      const mean = algebra.addScaled(algebra.scale(kept, state.mean), algebra.scalar(1 / (step + 1)), gradient);
      const ratio = algebra.over(algebra.norm(weights, 2), algebra.norm(mean, 2));
      return { update: algebra.scale(algebra.times(algebra.scalar(-learningRate), ratio), mean), state: { mean, seen } };
    },
  }),
});
`;

/** f(w) = ½c‖w − 1‖², with all that is known about it. */
export const bowlProblem = `
import { analyticProblem, defineProblem, z } from "run-experiment";
export default defineProblem({
  name: "bowl",
  summary: "a round bowl",
  formula: "f(w) = ½c‖w − 1‖²",
  version: 1,
  needsData: false,
  schema: z.strictObject({ name: z.literal("bowl"), curvature: z.number().positive().default(3) }),
  create: ({ curvature }) => {
    const layers = [{ name: "weights", shape: [2] }];
    const optimum = Float64Array.of(1, 1);
    const constants = {
      convex: true, quadratic: true, smoothness: curvature, strongConvexity: curvature,
      optimum: [optimum], optimalValue: 0, optimumSource: "closed form",
    };
    return analyticProblem({ layers, constants }, (algebra) => ({
      initialWeights: () => [algebra.vector([1.5, 0.5])],
      lossAndGradients([w]) {
        const offset = algebra.subtract(w, algebra.vector(optimum));
        const c = algebra.scalar(curvature);
        return { loss: algebra.times(algebra.scalar(curvature / 2), algebra.dot(offset, offset)), gradients: [algebra.scale(c, offset)] };
      },
    }));
  },
});
`;

/** A statement with a column that is drawn: the distance never exceeds d_0 plus the steps' lengths. */
export const triangleBound = `
import { defineBound } from "run-experiment";
export default defineBound({
  name: "triangle",
  theorem: "triangle inequality",
  version: 1,
  statement: "d_k ≤ d_0 + Σ η_i",
  assumptions: ["the minimiser is known"],
  source: "a test",
  columns: [{ name: "path_length", meaning: "d_0 and the length of the path so far", formula: "d_0 + Σ η_i", unit: "weights", drawnWith: "distance" }],
  reasonNotApplicable: ({ constants }) => (constants?.optimum ? undefined : "the minimiser is not known"),
  start(context, state) {
    let length = state?.length;
    return {
      observe(record, check) {
        length ??= record.distance;
        const bound = length;
        check(record.distance, FACTOR * bound);
        if (!record.last) length += record.layers[0].updateNorm;
        return [bound];
      },
      state: () => ({ length }),
    };
  },
});
`;
