import type { Tensor } from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { layerSize } from "../../src/compute/layer.js";
import type { Scalar } from "../../src/compute/tensors.js";
import type { Batch, Objective } from "../../src/problems/problem.js";
import { makeProblem } from "./support.js";

const noisy = { examples: 30, weights: { dimension: 4, norm: 2 }, noise: 0.5 };
const noise = { examples: 20, from: { distribution: "normal", standardDeviation: 0.6 } };
const variants: { name: string; [option: string]: unknown }[] = [
  { name: "least-squares", data: noisy, ridge: 0.1 },
  { name: "least-squares", data: { ...noisy, outputs: 3 }, ridge: 0.1 },
  { name: "least-squares", data: { ...noisy, outputs: 2 }, intercept: "layer", ridge: 0.1 },
  { name: "logistic-regression", intercept: "layer" },
  { name: "quadratic", noise, dimension: 5 },
  { name: "quadratic", noise, dimension: 5, rotation: "none" },
  { name: "test-function" },
  { name: "test-function", function: "beale", start: [1, -1], separate: true },
  { name: "test-function", function: "branin" },
  { name: "rayleigh-quotient", dimension: 5 },
  { name: "block-quadratic", blocks: [2, 2], rotation: "within-blocks" },
];

/** f, its gradient and its evaluation at w_0, as numbers. */
async function atStart<V, S>(algebra: Algebra<V, S>, objective: Objective<V, S>, batch: Batch) {
  const weights = objective.initialWeights();
  const evaluate = objective.onTraining?.(batch);
  const { loss, gradients, parts } = algebra.scope(() => ({
    ...objective.lossAndGradients(weights, batch),
    parts: evaluate?.(weights) ?? [],
  }));
  const vectors = await Promise.all(
    [loss, ...parts.map((part) => part.loss), ...gradients].map((a) => algebra.values(a)),
  );
  return float64.concatenate(vectors);
}

test.each(variants.map((options) => ({ options, label: JSON.stringify(options) })))(
  "float32 and float64 agree on $label, layer by layer of the right shape",
  async ({ options }) => {
    const problem = await makeProblem(options);
    const { algebra } = await startBackend("cpu");
    for (const batch of problem.examples === undefined
      ? (["full"] as const)
      : (["full", Int32Array.of(3, 1, 7)] as const)) {
      const objective: Objective<Tensor, Scalar> = await problem.onTensors(algebra);
      const [here, host] = [
        await atStart(algebra, objective, batch),
        await atStart(float64, problem.onHost!(float64), batch),
      ];
      expect(here).toHaveLength(host.length);
      const error = float64.norm(float64.subtract(here, host), 2);
      expect(error).toBeLessThan(1e-5 * float64.norm(host, 2));
      const weights = objective.initialWeights();
      const { gradients } = algebra.scope(() => objective.lossAndGradients(weights, batch));
      expect(gradients.map(({ size }) => size)).toEqual(problem.layers.map(layerSize));
      expect(weights.map(({ shape }) => shape)).toEqual(problem.layers.map(({ shape }) => shape));
      objective.dispose?.();
    }
  },
);
