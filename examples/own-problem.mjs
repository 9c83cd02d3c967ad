// A problem of your own with known constants: the theorems that need no more are checked on every run of it.
import { analyticProblem, defineProblem, runExperiment, z } from "run-experiment";

/** Smooth distance to a target: convex, and all that the theorems ask for is known by hand. */
const smoothDistance = defineProblem({
  name: "smooth-distance",
  summary: "A sum of smoothed absolute values about a target",
  formula: "f(w) = Σ_i √(1 + (w_i − t_i)²)",
  version: 1,
  needsData: false,
  schema: z.strictObject({ name: z.literal("smooth-distance"), target: z.array(z.number()).min(1) }),
  create({ target }) {
    const n = target.length;
    const constants = {
      convex: true,
      smoothness: 1, // each second derivative is (1 + r²)^(−3/2) ≤ 1
      gradientBound: Math.sqrt(n), // each entry of the gradient is r/√(1 + r²), below 1
      optimum: [Float64Array.from(target)],
      optimalValue: n,
    };
    // Written in the algebra: in float64 on the host, or in float32 with `backend: wasm`.
    return analyticProblem({ layers: [{ name: "w", shape: [n] }], constants }, (algebra) => {
      const t = algebra.vector(target);
      return {
        initialWeights: () => [algebra.vector(target.map((_, i) => 0.1 * (i + 1)))],
        lossAndGradients([w]) {
          const r = algebra.subtract(w, t);
          const root = algebra.squareRoot(algebra.shift(algebra.multiply(r, r), 1));
          return { loss: algebra.sum(root), gradients: [algebra.divide(r, root)] };
        },
        dispose: () => algebra.dispose([t]),
      };
    });
  },
});

const config = {
  name: "own-problem",
  problem: { name: "smooth-distance", target: [1, 2, 3] },
  optimizer: { name: "lars", learningRate: 0.05 },
  steps: 100,
};
const onResult = ({ verdicts }) => {
  const applicable = Object.entries(verdicts).filter(([, { outcome }]) => outcome !== "not applicable");
  for (const [bound, { outcome }] of applicable) console.log(`${bound}: ${outcome}`);
};
let nearest = Number.POSITIVE_INFINITY;
for await (const { distance } of runExperiment(config, { definitions: [smoothDistance], onResult })) {
  nearest = Math.min(nearest, distance);
}
console.log(`nearest to the target: ${nearest.toFixed(4)}`);
