import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { startBackend } from "../../src/compute/backends.js";
import { layerSize } from "../../src/compute/layer.js";
import type { Scalar, TensorAlgebra } from "../../src/compute/tensors.js";
import type { ImageDataset, ImageSet } from "../../src/data/dataset.js";
import { cnn } from "../../src/problems/cnn.js";
import type { LayerOption } from "../../src/problems/layers/stack.js";
import type { Objective, Problem } from "../../src/problems/problem.js";
import { scalarsOf, scoresFrom } from "../../src/training/evaluation.js";
import { testedBackends } from "../tested-backends.js";
import { collect } from "../training/support.js";
import { crossEntropy, logitsByHand } from "./stack-by-hand.js";

type Tensor = tf.Tensor;

function images(size: number, pixels: number, classes: number, name: string): ImageSet {
  const stream = randomStream({ seed: 2, name });
  return {
    size,
    pixels: Uint8Array.from({ length: size * pixels }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: size }, () => stream.integer(0, classes - 1)),
  };
}

function dataset(height: number, width: number, channels: number, classes = 3, size = 12): ImageDataset {
  const pixels = height * width * channels;
  const [train, test] = [images(size, pixels, classes, "train"), images(5, pixels, classes, "test")];
  return { name: "random", height, width, channels, classes, train, test, checksum: "", source: "" };
}

const parsed = (options: object) => cnn.schema.parse({ name: "cnn", ...options }) as Parameters<typeof cnn.create>[0];

const make = async (options: object, data: ImageDataset, seed = 0) =>
  cnn.create(parsed(options), { stream: (name) => randomStream({ seed, name }), dataset: data, directory: "." });

/** Where a GPU is emulated, each of the many shapes takes a second to compile. */
const webgpuTimeout = 600_000;

/** Of networks of many shapes, for the same reason. */
const webgpuStacks = 4;

const all = (size: number) => Int32Array.from({ length: size }, (_, i) => i);

describe.each(testedBackends)("convolutional networks on %s", (backend) => {
  let A: TensorAlgebra;
  beforeAll(async () => {
    ({ algebra: A } = await startBackend(backend));
  });

  async function evaluated(
    objective: Objective<Tensor, Scalar>,
    weights: Tensor[],
    batch: Int32Array | "full",
    step = 0,
  ) {
    const { loss, gradients, accuracy } = A.scope(() => objective.lossAndGradients(weights, batch, step));
    const values = await Promise.all(gradients.map((gradient) => A.values(gradient)));
    A.dispose(gradients);
    const [f = 0] = await A.read([loss, accuracy!]);
    return { loss: f, gradients: values };
  }

  /** The loss on all training examples in evaluation. */
  async function scored(objective: Objective<Tensor, Scalar>, weights: Tensor[]): Promise<number> {
    const evaluate = objective.onTraining!("full");
    const scores = A.scope(() => ({ test: evaluate(weights) }));
    const values = await A.read(scalarsOf(scores));
    return scoresFrom(scores, values, 0).test!.loss;
  }

  const weightsOn = (problem: Problem, values: readonly ArrayLike<number>[]) =>
    problem.layers.map(({ shape }, i) => A.vector(values[i]!, shape));

  const size = fc.integer({ min: 1, max: 3 });
  const windows = { stride: fc.tuple(size, size), padding: fc.constantFrom("same", "valid") };
  const convolution = fc.record({
    layer: fc.constant("conv"),
    filters: fc.integer({ min: 1, max: 4 }),
    kernel: fc.tuple(size, size),
    ...windows,
  });
  const poolingOf = (layer: string) => fc.record({ layer: fc.constant(layer), size: fc.tuple(size, size), ...windows });
  const normalisation = fc.record({
    layer: fc.constant("batch-norm"),
    epsilon: fc.constantFrom(1e-3, 0.1),
    scale: fc.boolean(),
    offset: fc.boolean(),
  });
  const stack = fc.record({
    height: fc.integer({ min: 9, max: 11 }),
    width: fc.integer({ min: 9, max: 11 }),
    channels: fc.integer({ min: 1, max: 3 }),
    // Those with a continuous derivative, for finite differences; max pooling has kinks, which none of these hits.
    activation: fc.constantFrom("tanh", "sigmoid", "gelu"),
    bias: fc.boolean(),
    layers: fc
      .tuple(
        convolution,
        fc.option(normalisation, { nil: undefined }),
        fc.option(fc.oneof(poolingOf("max-pool"), poolingOf("average-pool")), { nil: undefined }),
        fc.option(
          fc.record({ layer: fc.constant("conv"), filters: size, kernel: size, padding: fc.constant("same") }),
          {
            nil: undefined,
          },
        ),
        fc.option(fc.constant({ layer: "dense", units: 4 }), { nil: undefined }),
        fc.option(normalisation, { nil: undefined }),
      )
      .map((layers) => layers.filter((layer) => layer !== undefined)),
    seed: fc.integer({ min: 0, max: 1000 }),
  });

  it(
    "have the loss and the gradient of a float64 network written without tensors",
    async () => {
      await fc.assert(
        fc.asyncProperty(stack, async ({ height, width, channels, activation, bias, layers, seed }) => {
          const data = dataset(height, width, channels, 3, 4);
          const problem = await make({ layers, activation, bias }, data, seed);
          const objective = await problem.onTensors(A);
          const stream = randomStream({ seed, name: "weights" });
          const host = problem.layers.map((layer) =>
            Float64Array.from({ length: layerSize(layer) }, () => Math.fround(0.7 * stream.normal())),
          );
          const weights = weightsOn(problem, host);
          const { loss, gradients } = await evaluated(objective, weights, all(4));
          const options = [
            ...parsed({ layers }).layers,
            { layer: "dense", units: 3, activation: "linear" },
          ] as LayerOption[];
          const pixels = height * width * channels;
          const examples = [...all(4)].map((i) => ({
            shape: [height, width, channels],
            values: Array.from(data.train.pixels.subarray(i * pixels, (i + 1) * pixels), (byte) => byte / 255),
          }));
          const byHand = () => {
            let next = 0;
            const logits = logitsByHand(options, { activation, bias }, examples, () => host[next++]!);
            return crossEntropy(logits, [...data.train.labels]);
          };
          const f = byHand();
          expect(Math.abs(loss - f)).toBeLessThan(5e-6 * Math.max(1, f));
          const largest = Math.max(...gradients.flatMap((gradient) => [...gradient].map(Math.abs)));
          // Some entries of each layer by central differences.
          const h = 1e-5;
          for (const [layer, values] of host.entries()) {
            for (const i of new Set([0, values.length - 1, stream.integer(0, values.length - 1)])) {
              const w = values[i]!;
              values[i] = w + h;
              const above = byHand();
              values[i] = w - h;
              const difference = (above - byHand()) / (2 * h);
              values[i] = w;
              expect(Math.abs(gradients[layer]![i]! - difference)).toBeLessThan(2e-5 * Math.max(1, largest));
            }
          }
          A.dispose(weights);
          objective.dispose?.();
        }),
        { seed: 11, numRuns: backend === "webgpu" ? webgpuStacks : 40 },
      );
    },
    webgpuTimeout,
  );

  // Two examples of one pixel, 0 and 1: μ = 1/2, σ² = 1/4; with ε = 0.11, √(σ² + ε) = 0.6.
  const onePixel: ImageDataset = {
    ...dataset(1, 1, 1, 2),
    train: { size: 2, pixels: Uint8Array.of(0, 255), labels: Uint8Array.of(0, 1) },
  };
  const normalised = { layers: [{ layer: "batch-norm", momentum: 0.9, epsilon: 0.11 }], bias: false };
  /** γ = 1.2, β = 0.3, W = [0, 1]: the logits of x are (0, 1.2·x̂ + 0.3). */
  const normalisedWeights = [[1.2], [0.3], [0, 1]];
  /** f where the second logits of the two examples are these. */
  const lossOf = (first: number, second: number) =>
    (Math.log(1 + Math.exp(first)) + Math.log(1 + Math.exp(second)) - second) / 2;

  it("normalise by the batch in training and by running statistics in evaluation, worked out by hand", async () => {
    const problem = await make(normalised, onePixel);
    expect(problem.nonTrainable!.map(({ name }) => name)).toEqual(["batch_norm_1/mean", "batch_norm_1/variance"]);
    const objective = await problem.onTensors(A);
    const weights = weightsOn(problem, normalisedWeights);
    const running = async () => (await Promise.all(objective.nonTrainable!().map((each) => A.values(each)))).flat();
    // Training: x̂ = (∓1/2)/0.6 = ∓5/6, second logits 1.2·(∓5/6) + 0.3 = −0.7 and 1.3.
    const { loss } = await evaluated(objective, weights, "full");
    expect(loss).toBeCloseTo(lossOf(-0.7, 1.3), 6);
    // Evaluation before any step: running mean 0, variance 1, so x̂ = x/√1.11.
    expect(await scored(objective, weights)).toBeCloseTo(lossOf(0.3, 1.2 / Math.sqrt(1.11) + 0.3), 6);
    // The step is made: mean 0.9·0 + 0.1·1/2 = 0.05, variance 0.9·1 + 0.1·1/4 = 0.925; √(0.925 + 0.11) = √1.035.
    objective.advance!();
    expect((await running()).flatMap((each) => [...each])).toEqual([expect.closeTo(0.05, 7), expect.closeTo(0.925, 7)]);
    const at = (x: number) => (1.2 * (x - 0.05)) / Math.sqrt(1.035) + 0.3;
    expect(await scored(objective, weights)).toBeCloseTo(lossOf(at(0), at(1)), 6);
    // A loss of which no step is made leaves them; so does a step that is made twice of nothing.
    await evaluated(objective, weights, "full");
    expect(await scored(objective, weights)).toBeCloseTo(lossOf(at(0), at(1)), 6);
    objective.restore!([[0.25], [0.89]]);
    // √(0.89 + 0.11) = 1
    expect(await scored(objective, weights)).toBeCloseTo(lossOf(1.2 * -0.25 + 0.3, 1.2 * 0.75 + 0.3), 6);
    A.dispose(weights);
    objective.dispose?.();
  });

  it("drop out by their seed and step alone, and not in evaluation", async () => {
    const data = dataset(4, 4, 1, 3, 40);
    const layers = [
      { layer: "dense", units: 30 },
      { layer: "dropout", rate: 0.25 },
    ];
    const start = await make({ layers }, data);
    const losses = async (seed: number) => {
      const problem = await make({ layers }, data, seed);
      const objective = await problem.onTensors(A);
      const first = await start.onTensors(A);
      const weights = first.initialWeights();
      const found = [];
      for (const step of [0, 1, 0]) found.push((await evaluated(objective, weights, all(40), step)).loss);
      found.push(await scored(objective, weights));
      A.dispose(weights);
      objective.dispose?.();
      first.dispose?.();
      return found as [number, number, number, number];
    };
    const [zeroth, first, again, inEvaluation] = await losses(0);
    expect(again).toBe(zeroth);
    expect(new Set([zeroth, first, inEvaluation]).size).toBe(3);
    const [other, , , same] = await losses(1);
    expect(other).not.toBe(zeroth);
    expect(same).toBe(inEvaluation);
  });

  it("keep the number of tensors flat, and free all of them in the end", async () => {
    const before = tf.memory().numTensors;
    const layers = [
      { layer: "conv", filters: 2, activation: "linear" },
      { layer: "batch-norm" },
      { layer: "activation", activation: "relu" },
      { layer: "average-pool" },
      { layer: "dropout", rate: 0.5 },
    ];
    const problem = await make({ layers }, dataset(6, 6, 1));
    const objective = await problem.onTensors(A);
    let weights = objective.initialWeights();
    const counts = new Set<string>();
    for (let step = 0; step < 8; step++) {
      const { next, loss } = A.scope(() => {
        const { loss, gradients } = objective.lossAndGradients(weights, step % 3 === 0 ? "full" : all(5), step);
        return { loss, next: weights.map((w, i) => A.addScaled(w, A.scalar(-0.1), gradients[i]!)) };
      });
      await A.read([loss]);
      A.dispose(weights);
      weights = next;
      if (step % 2 === 0) objective.advance!();
      await scored(objective, weights);
      if (step % 2 === 1) counts.add(`${tf.memory().numTensors} tensors, ${tf.engine().backend.numDataIds()} buffers`);
    }
    expect([...counts]).toHaveLength(1);
    A.dispose(weights);
    objective.dispose?.();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test("with full batches the loss of the step is not the one that is evaluated, which dropout has no part in", async () => {
  const { algebra } = await startBackend("cpu");
  const data = dataset(4, 4, 1);
  const problem = await make({ layers: [{ layer: "dense", units: 20 }, { layer: "dropout" }] }, data);
  const options = { steps: 3, evaluated: () => true };
  const rule = { name: "sgd", learningRate: 0.1 };
  const { records } = await collect(algebra, problem, await problem.onTensors(algebra), rule, options);
  const plain = await make({ layers: [{ layer: "dense", units: 20 }] }, data);
  const undropped = await plain.onTensors(algebra);
  const weights = undropped.initialWeights();
  const { loss, accuracy, gradients } = algebra.scope(() => undropped.lossAndGradients(weights, "full"));
  const [inEvaluation] = await algebra.read([loss, accuracy!]);
  expect(records[0]!.train!.loss).toBe(inEvaluation);
  expect(records[0]!.loss).not.toBe(inEvaluation);
  algebra.dispose([...weights, ...gradients]);
});

test("dropout keeps 1 − rate of the entries, and their sum on average", async () => {
  const { Dropout } = await import("../../src/problems/network-layers.js");
  await startBackend("cpu");
  const layer = new Dropout({ rate: 0.2 });
  const dropped = layer.call(tf.ones([100, 100]), { training: true, noise: randomStream({ seed: 1, name: "noise" }) });
  const values = Array.from(dropped.dataSync());
  // 1/(1 − 0.2) or 0
  expect(new Set(values)).toEqual(new Set([0, 1.25]));
  // 10 000 draws: a standard deviation of 40.
  const kept = values.filter((value) => value > 0).length;
  expect(Math.abs(kept - 8000)).toBeLessThan(200);
});

describe("the layers of a stack", () => {
  const shapes = async (options: object, data = dataset(28, 28, 1, 10)) =>
    (await make(options, data)).layers.map(({ name, shape }) => [name, ...shape].join(" "));

  test("lenet is 5 × 5 × 6, 5 × 5 × 16, 120, 84, 10", async () => {
    // 28 → pooled 14 → 10 → pooled 5: 5·5·16 = 400 inputs of the first dense layer.
    expect(await shapes({})).toEqual([
      "conv_1/kernel 5 5 1 6",
      "conv_1/bias 6",
      "conv_2/kernel 5 5 6 16",
      "conv_2/bias 16",
      "dense_1/kernel 400 120",
      "dense_1/bias 120",
      "dense_2/kernel 120 84",
      "dense_2/bias 84",
      "dense_3/kernel 84 10",
      "dense_3/bias 10",
    ]);
  });

  test("what has a scale, an offset or a bias has it by its own word, else by the problem's", async () => {
    const layers = [
      { layer: "conv", filters: 2, kernel: [1, 3], stride: [3, 1], bias: true },
      { layer: "batch-norm", offset: false },
      { layer: "max-pool", size: [1, 2], padding: "same" },
      { layer: "batch-norm", scale: false },
      { layer: "dense", units: 3 },
    ];
    // 4 × 8: ⌊3/3⌋ + 1 = 2 rows, 6 columns; pooled 2 × 3, times 2 channels: 12.
    expect(await shapes({ layers, bias: false }, dataset(4, 8, 3))).toEqual([
      "conv_1/kernel 1 3 3 2",
      "conv_1/bias 2",
      "batch_norm_1/scale 2",
      "batch_norm_2/offset 2",
      "dense_1/kernel 12 3",
      "dense_2/kernel 3 3",
    ]);
  });

  test.each([
    [
      [
        { layer: "conv", filters: 1, kernel: 5 },
        { layer: "average-pool", size: [3, 2] },
      ],
      "problem.layers: average_pool_1 passes windows of 3 × 2 over 2 × 2 pixels, which are too few; use padding: same, smaller windows, or less pooling before it",
    ],
    [
      [
        { layer: "dense", units: 3 },
        { layer: "conv", filters: 1 },
      ],
      "problem.layers: conv_1 needs an image, and a dense layer is before it; put it first",
    ],
  ])("are refused where they do not fit: %j", async (layers, message) => {
    await expect(make({ layers }, dataset(6, 6, 1))).rejects.toThrow(message);
  });
});
