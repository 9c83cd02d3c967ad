import * as tf from "@tensorflow/tfjs-core";
import * as library from "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/base/random.js";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import type { Scalar, TensorAlgebra } from "../../src/compute/tensors.js";
import { optimizers } from "../../src/optimizers/registry.js";
import { mlp } from "../../src/problems/mlp.js";
import type { Objective } from "../../src/problems/problem.js";
import { optimizerOver } from "../optimizers/rules.js";
import { testedBackends } from "../tested-backends.js";

type Tensor = tf.Tensor;
type Gradients<V, S> = (weights: readonly V[]) => { loss?: S; gradients: readonly V[] };

function noise(name: string, size: number, scale = 1): Float32Array {
  const stream = randomStream({ seed: 3, name });
  return Float32Array.from({ length: size }, () => scale * (2 * stream.uniform() - 1));
}

/** The losses and the final weights of some steps of a rule, in any algebra. */
async function steps<V, S>(
  algebra: Algebra<V, S>,
  config: Record<string, unknown>,
  start: readonly V[],
  shapes: readonly (readonly number[])[],
  gradientsAt: Gradients<V, S>,
  count: number,
): Promise<{ losses: number[]; weights: number[] }> {
  const optimizer = optimizerOver(
    shapes.map((shape, i) => ({ name: `layer_${i + 1}`, shape })),
    config,
    count,
  );
  let weights = start;
  let state = algebra.scope(() => optimizer.initialState(algebra, weights));
  const losses: number[] = [];
  for (let step = 0; step < count; step++) {
    const next = algebra.scope(() => {
      const { loss, gradients } = gradientsAt(weights);
      const output = optimizer.updates(algebra, step, weights, gradients, state);
      return {
        loss,
        state: output.state,
        weights: weights.map((w, i) => algebra.add(w, output.updates[i]!)),
      };
    });
    if (next.loss !== undefined) losses.push(...(await algebra.read([next.loss])));
    ({ weights, state } = next);
  }
  const values = await Promise.all(weights.map((w) => algebra.values(w)));
  return { losses, weights: values.flatMap((w) => [...w]) };
}

function expectClose(found: readonly number[], expected: readonly number[], tolerance: number) {
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  const error = Math.max(...expected.map((x, i) => Math.abs(found[i]! - x)));
  expect(error / scale).toBeLessThan(tolerance);
}

describe.each(testedBackends)("steps on %s", (name) => {
  const scopes = ["layer", "neuron", "global"];
  const cases = optimizers.flatMap(({ name }) => scopes.map((scope) => [name, { scope }] as [string, object]));
  cases.push(["lars", { clipGradient: { method: "adaptive", factor: 0.1 } }]);
  cases.push(["sgd", { clipGradient: { method: "global-norm", maximum: 2 } }]);
  it.each(cases)("of %s %j are those of float64", async (rule, options) => {
    const shapes = [[17, 5], [5], [3, 2, 4]];
    const sizes = shapes.map((shape) => shape.reduce((product, length) => product * length));
    const onAlgebra = <V, S>(algebra: Algebra<V, S>) => {
      const fixed = sizes.map((size, i) => algebra.vector(noise(`g${i}`, size), shapes[i]));
      const start = sizes.map((size, i) => algebra.vector(noise(`w${i}`, size), shapes[i]));
      // Gradients that depend on the weights: g = w/2 + fixed.
      const gradientsAt: Gradients<V, S> = (weights) => ({
        gradients: weights.map((w, i) => algebra.addScaled(fixed[i]!, algebra.scalar(0.5), w)),
      });
      return steps(algebra, { name: rule, learningRate: 0.05, ...options }, start, shapes, gradientsAt, 10);
    };
    const { algebra } = await startBackend(name);
    expectClose((await onAlgebra(algebra)).weights, (await onAlgebra(float64)).weights, 1e-5);
  });
});

describe.each(testedBackends.filter((name) => name !== "cpu"))("steps on %s", (name) => {
  /** The same steps here and on the cpu backend, whose kernels are plain JavaScript. */
  async function agreesWithCpu(run: (algebra: TensorAlgebra) => Promise<{ losses: number[] }>) {
    const here = await run((await startBackend(name)).algebra);
    const reference = await run((await startBackend("cpu")).algebra);
    expect(reference.losses.at(-1)!).toBeLessThan(0.9 * reference.losses[0]!);
    here.losses.forEach((loss, i) => {
      expect(Math.abs(loss / reference.losses[i]! - 1)).toBeLessThan(1e-6);
    });
  }

  it("of LARS on a multi-layer perceptron are those of cpu", async () => {
    const size = 60;
    const images = {
      size,
      pixels: Uint8Array.from(noise("pixels", size * 64), (x) => 127 * (1 + x)),
      labels: Uint8Array.from({ length: size }, (_, i) => i % 10),
    };
    const dataset = { name: "noise", height: 8, width: 8, channels: 1, classes: 10, train: images, test: images };
    await agreesWithCpu(async (algebra) => {
      const problem = await mlp.create(
        {
          name: "mlp",
          hidden: [30, 20],
          activation: "relu",
          initializer: "glorotUniform",
          initialScale: 1,
          lossScale: 1,
          bias: false,
        },
        {
          stream: (stream) => randomStream({ seed: 0, name: stream }),
          dataset: { ...dataset, checksum: "", source: "" },
          directory: ".",
        },
      );
      const objective: Objective<Tensor, Scalar> = await problem.onTensors(algebra);
      const start = objective.initialWeights();
      return steps(
        algebra,
        { name: "lars", learningRate: 0.05 },
        start,
        start.map((w) => w.shape),
        (weights) => objective.lossAndGradients(weights, "full"),
        20,
      );
    });
  });

  it.each(["maxPooling2d", "averagePooling2d"] as const)(
    "of LARS on a %s network are those of cpu",
    async (pooling) => {
      await agreesWithCpu(async (algebra) => {
        const layers = [
          library.layers.conv2d({
            inputShape: [12, 12, 1],
            filters: 4,
            kernelSize: 3,
            padding: "same",
            activation: "tanh",
            kernelInitializer: library.initializers.glorotUniform({ seed: 1 }),
            useBias: false,
          }),
          library.layers[pooling]({ poolSize: 2, strides: 2 }),
          library.layers.conv2d({
            filters: 6,
            kernelSize: 3,
            activation: "tanh",
            kernelInitializer: library.initializers.glorotUniform({ seed: 2 }),
            useBias: false,
          }),
          library.layers.flatten(),
          library.layers.dense({
            units: 5,
            kernelInitializer: library.initializers.glorotUniform({ seed: 3 }),
            useBias: false,
          }),
        ];
        const model = library.sequential({ layers });
        const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
        const images = tf.tensor(noise("images", 20 * 144), [20, 12, 12, 1]);
        const labels = tf.cast(
          tf.oneHot(
            tf.tensor1d(
              [...Array(20).keys()].map((i) => i % 5),
              "int32",
            ),
            5,
          ),
          "float32",
        );
        return steps(
          algebra,
          { name: "lars", learningRate: 0.05 },
          variables.map((variable) => tf.clone(variable)),
          variables.map(({ shape }) => shape),
          (weights) => {
            variables.forEach((variable, i) => {
              variable.assign(weights[i]!);
            });
            const { value, grads } = tf.variableGrads(() => {
              const logits = model.apply(images, { training: true }) as Tensor;
              return tf.neg(tf.mean(tf.sum(tf.mul(labels, tf.logSoftmax(logits)), 1))) as tf.Scalar;
            }, variables);
            return { loss: value as Scalar, gradients: variables.map((variable) => grads[variable.name]!) };
          },
          // Further on, with the loss near 0, roundings decide which of two pixels is the larger.
          10,
        );
      });
    },
  );
});
