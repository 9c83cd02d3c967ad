import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { startBackend } from "../../src/compute/backends.js";
import type { Scalar, TensorAlgebra } from "../../src/compute/tensors.js";
import type { ImageDataset, ImageSet } from "../../src/data/dataset.js";
import { mlp } from "../../src/problems/mlp.js";
import { dense, stacked } from "../../src/problems/network.js";
import { networkObjective } from "../../src/problems/network-objective.js";
import type { Evaluator, Objective } from "../../src/problems/problem.js";
import { softmaxRegression } from "../../src/problems/softmax-regression.js";
import { scalarsOf, scoresFrom } from "../../src/training/evaluation.js";
import { testedBackends } from "../tested-backends.js";

type Tensor = tf.Tensor;

function randomImages(size: number, pixels: number, classes: number, name: string): ImageSet {
  const stream = randomStream({ seed: 1, name });
  return {
    size,
    pixels: Uint8Array.from({ length: size * pixels }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: size }, () => stream.integer(0, classes - 1)),
  };
}

function dataset({ train = 40, test = 25, height = 2, width = 3, classes = 3 } = {}): ImageDataset {
  const images = (size: number, name: string) => randomImages(size, height * width, classes, name);
  const train_ = images(train, "train");
  return {
    name: "random",
    height,
    width,
    channels: 1,
    classes,
    train: train_,
    test: images(test, "test"),
    checksum: "",
    source: "",
  };
}

function context(data: ImageDataset, seed = 0) {
  return { stream: (name: string) => randomStream({ seed, name }), dataset: data, directory: "." };
}

const plain = { initializer: "glorotUniform", initialScale: 1, lossScale: 1, bias: true } as const;
const smallMlp = { name: "mlp" as const, hidden: [5, 4], activation: "tanh" as const, ...plain };

const range = (n: number, first = 0) => Int32Array.from({ length: n }, (_, i) => first + i);

/** The loss of a fully connected classifier in float64, written without tensors. */
function lossByHand(
  weights: readonly Float64Array[],
  units: readonly number[],
  activation: (x: number) => number,
  { pixels, labels }: ImageSet,
  examples: Int32Array,
): number {
  let total = 0;
  for (const example of examples) {
    let x = Array.from(pixels.subarray(example * units[0]!, (example + 1) * units[0]!), (byte) => byte / 255);
    for (let layer = 0; layer + 1 < units.length; layer++) {
      const [kernel, bias] = [weights[2 * layer]!, weights[2 * layer + 1]!];
      const outputs = units[layer + 1]!;
      const z = Array.from(bias, (b, j) => x.reduce((sum, value, i) => sum + value * kernel[i * outputs + j]!, b));
      x = layer + 2 < units.length ? z.map(activation) : z;
    }
    total += Math.log(x.reduce((sum, logit) => sum + Math.exp(logit), 0)) - x[labels[example]!]!;
  }
  return total / examples.length;
}

describe.each(testedBackends)("networks on %s", (backend) => {
  let A: TensorAlgebra;
  beforeAll(async () => {
    ({ algebra: A } = await startBackend(backend));
  });

  /** Loss, accuracy and gradients on the host. */
  async function evaluated(objective: Objective<Tensor, Scalar>, weights: Tensor[], batch: Int32Array | "full") {
    const { loss, gradients, accuracy } = A.scope(() => objective.lossAndGradients(weights, batch));
    const values = await Promise.all(gradients.map((gradient) => A.values(gradient)));
    A.dispose(gradients);
    const [f = 0, share = 0] = await A.read([loss, accuracy!]);
    return { loss: f, accuracy: share, gradients: values };
  }

  /** What an evaluation finds, in one read-back. */
  async function scored(evaluate: Evaluator<Tensor, Scalar>, weights: Tensor[]) {
    const scores = A.scope(() => ({ test: evaluate(weights) }));
    const values = await A.read(scalarsOf(scores));
    return scoresFrom(scores, values, 0).test!;
  }

  it("has the loss, gradient and accuracy worked out by hand", async () => {
    // Two pixels and two classes. x_0 = (1, 0), y_0 = 0; x_1 = (0, 1), y_1 = 0.
    const train = { size: 2, pixels: Uint8Array.of(255, 0, 0, 255), labels: Uint8Array.of(0, 0) };
    const data = { ...dataset({ height: 1, width: 2, classes: 2 }), train };
    const problem = await softmaxRegression.create({ name: "softmax-regression", ...plain }, context(data));
    const objective = await problem.onTensors(A);
    // W = [[log 3, 0], [0, log 3]], b = 0: logits (log 3, 0) and (0, log 3), so p_0 = (3/4, 1/4), p_1 = (1/4, 3/4).
    const weights = [A.vector([Math.log(3), 0, 0, Math.log(3)], [2, 2]), A.vector([0, 0])];
    const { loss, accuracy, gradients } = await evaluated(objective, weights, "full");
    // f = ½(log 4/3 + log 4)
    expect(loss).toBeCloseTo((Math.log(4 / 3) + Math.log(4)) / 2, 6);
    // ∂f/∂W = ½ Σ x_i (p_i − e_0)ᵀ = ½ [[−1/4, 1/4], [−3/4, 3/4]];  ∂f/∂b = ½ ((−1/4, 1/4) + (−3/4, 3/4))
    const expected = [-1 / 8, 1 / 8, -3 / 8, 3 / 8, -1 / 2, 1 / 2];
    gradients
      .flatMap((each) => [...each])
      .forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 6);
      });
    // The first is right, the second is not.
    expect(accuracy).toBe(0.5);
    // Evaluated on one of them alone: log 4/3 and right, log 4 and wrong; on both: f.
    const one = await Promise.all([0, 1].map((i) => scored(objective.onTraining!(Int32Array.of(i)), weights)));
    expect(one[0]).toEqual({ loss: expect.closeTo(Math.log(4 / 3), 6), accuracy: 1 });
    expect(one[1]).toEqual({ loss: expect.closeTo(Math.log(4), 6), accuracy: 0 });
    expect(await scored(objective.onTraining!("full"), weights)).toEqual({ loss, accuracy });
    A.dispose(weights);
    objective.dispose?.();
  });

  it.each(["relu", "tanh", "sigmoid"] as const)(
    "has to the bit the gradient that the tape has: %s",
    async (activation) => {
      for (const bias of [true, false]) {
        const given = context(dataset({ height: 5, width: 7, train: 90 }));
        const layer = { ...plain, bias, activation };
        const layers = [
          dense({ ...layer, name: "dense_1", inputs: 35, units: 19 }),
          dense({ ...layer, name: "dense_2", inputs: 19, units: 8 }),
          dense({ ...layer, name: "dense_3", inputs: 8, units: 3, activation: "linear" }),
        ];
        const { denseLayers, ...onTape } = stacked([35], layers, given);
        expect(denseLayers).toHaveLength(3);
        const both = [{ ...onTape, denseLayers: denseLayers! }, onTape];
        const stream = randomStream({ seed: 8, name: "weights" });
        const weights = onTape.weights.map(({ shape }) => {
          const size = shape.reduce((a, b) => a * b);
          return A.vector(
            Array.from({ length: size }, () => stream.normal()),
            shape,
          );
        });
        for (const batch of [range(31, 7), "full"] as const) {
          const found = [];
          for (const network of both) {
            const objective = await networkObjective(A, network, given);
            found.push(await evaluated(objective, weights, batch));
            objective.dispose();
          }
          expect(found[0]).toEqual(found[1]);
          expect(found[0]!.gradients.some((gradient) => gradient.some((entry) => entry !== 0))).toBe(true);
        }
        A.dispose(weights);
      }
    },
  );

  it.each([
    ["relu", (x: number) => Math.max(0, x)],
    ["tanh", Math.tanh],
    ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x))],
  ] as const)("has the gradient of the float64 loss: %s", async (activation, f) => {
    const data = dataset();
    const problem = await mlp.create({ ...smallMlp, activation }, context(data));
    const objective = await problem.onTensors(A);
    const stream = randomStream({ seed: 5, name: "weights" });
    const weights = problem.layers.map(({ shape }) =>
      A.vector(
        Array.from({ length: shape.reduce((a, b) => a * b) }, () => stream.normal()),
        shape,
      ),
    );
    const batch = Int32Array.of(3, 17, 4, 39, 0, 3, 21);
    const { loss, gradients } = await evaluated(objective, weights, batch);
    const host = await Promise.all(weights.map((weight) => A.values(weight)));
    const byHand = () => lossByHand(host, [6, 5, 4, 3], f, data.train, batch);
    expect(loss).toBeCloseTo(byHand(), 5);
    // Central differences in float64: error of order h² = 1e-8.
    const h = 1e-4;
    host.forEach((weight, layer) => {
      for (let i = 0; i < weight.length; i++) {
        const w = weight[i]!;
        weight[i] = w + h;
        const above = byHand();
        weight[i] = w - h;
        const below = byHand();
        weight[i] = w;
        expect(gradients[layer]![i]!, `${problem.layers[layer]!.name}[${i}]`).toBeCloseTo((above - below) / (2 * h), 5);
      }
    });
    A.dispose(weights);
    objective.dispose?.();
  });

  it("multiplies initial weights and the loss by their scales, and keeps the number of tensors flat", async () => {
    const scaled = async (scales: { initialScale?: number; lossScale?: number }) => {
      const atStart = tf.memory().numTensors;
      const problem = await mlp.create({ ...smallMlp, ...scales }, context(dataset()));
      const objective = await problem.onTensors(A);
      const weights = objective.initialWeights();
      const same = problem.layers.map(({ shape }) => A.vector(new Float32Array(shape.reduce((a, b) => a * b)), shape));
      const found = {
        initial: await Promise.all(weights.map((weight) => A.values(weight))),
        full: await evaluated(objective, same, "full"),
        batch: await evaluated(objective, same, Int32Array.of(3, 17)),
        training: await scored(objective.onTraining!("full"), same),
        test: await scored(objective.onTest!()!, same),
        validation: objective.onValidation!(),
      };
      A.dispose([...weights, ...same]);
      objective.dispose?.();
      expect(tf.memory().numTensors).toBe(atStart);
      return found;
    };
    const one = await scaled({});
    // By a power of two everything is exact.
    const larger = await scaled({ initialScale: 4 });
    expect(larger.initial).toEqual(one.initial.map((weight) => weight.map((entry) => 4 * entry)));
    const steeper = await scaled({ lossScale: 1024 });
    const by1024 = <Score extends { loss: number }>({ loss, ...rest }: Score) => ({ ...rest, loss: 1024 * loss });
    expect(steeper.initial).toEqual(one.initial);
    expect(steeper.training).toEqual(by1024(one.training));
    expect(steeper.test).toEqual(by1024(one.test));
    expect(steeper.validation).toBeUndefined();
    for (const batch of ["full", "batch"] as const) {
      const gradients = one[batch].gradients.map((gradient) => gradient.map((entry) => 1024 * entry));
      expect(steeper[batch]).toEqual({ ...by1024(one[batch]), gradients });
    }
  });

  it("stays finite with logits that would overflow", async () => {
    const problem = await softmaxRegression.create({ name: "softmax-regression", ...plain }, context(dataset()));
    const objective = await problem.onTensors(A);
    const weights = objective.initialWeights().map((weight) => tf.tidy(() => tf.mul(weight, 1e4)));
    const { loss, gradients } = await evaluated(objective, weights, "full");
    expect(Number.isFinite(loss)).toBe(true);
    expect(gradients.every((gradient) => gradient.every(Number.isFinite))).toBe(true);
    A.dispose(weights);
  });

  it("takes all examples, in more than one piece, as the mean of its parts", async () => {
    const problem = await mlp.create(smallMlp, context(dataset({ train: 2500 })));
    const objective = await problem.onTensors(A);
    const weights = objective.initialWeights();
    const full = await evaluated(objective, weights, "full");
    const sizes = [700, 1800];
    const parts = [
      await evaluated(objective, weights, range(700)),
      await evaluated(objective, weights, range(1800, 700)),
    ];
    const mean = (of: (part: typeof full) => number) =>
      parts.reduce((sum, part, i) => sum + (of(part) * sizes[i]!) / 2500, 0);
    expect(full.loss).toBeCloseTo(
      mean(({ loss }) => loss),
      5,
    );
    expect(full.accuracy).toBeCloseTo(
      mean(({ accuracy }) => accuracy),
      5,
    );
    full.gradients.forEach((gradient, layer) => {
      gradient.forEach((value, i) => {
        expect(value).toBeCloseTo(
          mean(({ gradients }) => gradients[layer]![i]!),
          5,
        );
      });
    });
    A.dispose(weights);
    objective.dispose?.();
  });

  it("names its layers alike however many models there are, and starts from its seed alone", async () => {
    const start = async (seed: number) => {
      const problem = await mlp.create(smallMlp, context(dataset(), seed));
      const objective = await problem.onTensors(A);
      const weights = objective.initialWeights();
      expect(weights.map(({ shape }) => shape)).toEqual(problem.layers.map(({ shape }) => shape));
      const values = await Promise.all(weights.map((weight) => A.values(weight)));
      A.dispose(weights);
      objective.dispose?.();
      return { names: problem.layers.map(({ name }) => name), values };
    };
    const first = await start(0);
    const again = await start(0);
    const other = await start(1);
    expect(again).toEqual(first);
    expect(first.names).toEqual([
      "dense_1/kernel",
      "dense_1/bias",
      "dense_2/kernel",
      "dense_2/bias",
      "dense_3/kernel",
      "dense_3/bias",
    ]);
    expect(other.values[0]).not.toEqual(first.values[0]);
    // Layers have seeds of their own: 5×4 and 4×3 share no first entry, up to the distributions' widths √(6/9), √(6/7).
    expect(first.values[2]![0]! / Math.sqrt(6 / 9)).not.toBeCloseTo(first.values[4]![0]! / Math.sqrt(6 / 7), 3);
    expect([...first.values[1]!, ...first.values[3]!, ...first.values[5]!].every((bias) => bias === 0)).toBe(true);
  });

  it("starts anew from w_0 after training, and owns no weights of its caller", async () => {
    const problem = await mlp.create({ ...smallMlp, bias: false }, context(dataset()));
    const objective = await problem.onTensors(A);
    const weights = objective.initialWeights();
    const before = await A.values(weights[0]!);
    const moved = weights.map((weight) => A.shift(weight, 1));
    const first = await evaluated(objective, moved, "full");
    A.dispose(weights);
    const second = await evaluated(objective, moved, "full");
    expect(second).toEqual(first);
    A.dispose(moved);
    const fresh = objective.initialWeights();
    expect(await A.values(fresh[0]!)).toEqual(before);
    A.dispose(fresh);
    objective.dispose?.();
  });

  it("keeps the number of tensors flat, and frees all of them in the end", async () => {
    const atStart = tf.memory().numTensors;
    const problem = await mlp.create(smallMlp, context(dataset()));
    const objective = await problem.onTensors(A);
    let weights = objective.initialWeights();
    const [onSome, onTest] = [objective.onTraining!(range(11, 3)), objective.onTest!()!];
    const counts = new Set<string>();
    for (let step = 0; step < 12; step++) {
      const { next, loss } = A.scope(() => {
        const { loss, gradients } = objective.lossAndGradients(weights, step % 3 === 0 ? "full" : range(8, step));
        return { loss, next: weights.map((w, i) => A.addScaled(w, A.scalar(-0.1), gradients[i]!)) };
      });
      await A.read([loss]);
      A.dispose(weights);
      weights = next;
      await scored(onSome, weights);
      await scored(onTest, weights);
      counts.add(`${tf.memory().numTensors} tensors, ${tf.engine().backend.numDataIds()} buffers`);
    }
    expect([...counts]).toHaveLength(1);
    A.dispose(weights);
    objective.dispose?.();
    expect(tf.memory().numTensors).toBe(atStart);
  });

  it("evaluates the whole test set, and a subset of the training set, in pieces", async () => {
    const data = dataset({ test: 2100, train: 3000 });
    const problem = await mlp.create(smallMlp, context(data));
    const objective = await problem.onTensors(A);
    const weights = objective.initialWeights();
    const { loss, accuracy } = await scored(objective.onTest!()!, weights);
    const host = await Promise.all(weights.map((weight) => A.values(weight)));
    expect(loss).toBeCloseTo(lossByHand(host, [6, 5, 4, 3], Math.tanh, data.test!, range(2100)), 5);
    // Every second one, and the last piece is not whole.
    const some = range(1250).map((i) => 2 * i);
    const train = await scored(objective.onTraining!(some), weights);
    expect(train.loss).toBeCloseTo(lossByHand(host, [6, 5, 4, 3], Math.tanh, data.train, some), 5);
    // A share of 2100 examples
    expect(Math.abs(accuracy! * 2100 - Math.round(accuracy! * 2100))).toBeLessThan(1e-3);
    A.dispose(weights);
    objective.dispose?.();
  });
});

describe("initial weights", () => {
  /** Standard deviation and largest magnitude of the kernel's 60,000 weights. */
  async function spreadOf(initializer: unknown, initialScale = 1) {
    const { algebra } = await startBackend("cpu");
    const options = softmaxRegression.schema.parse({
      name: "softmax-regression",
      bias: false,
      initializer,
      initialScale,
    });
    const data = dataset({ height: 20, width: 30, classes: 100 });
    const problem = await softmaxRegression.create(options as never, context(data));
    const objective = await problem.onTensors(algebra);
    const [kernel] = objective.initialWeights();
    const values = Float64Array.from(await kernel!.data());
    objective.dispose?.();
    const size = Math.hypot(
      ...Array.from({ length: 60 }, (_, i) => Math.hypot(...values.slice(1000 * i, 1000 * (i + 1)))),
    );
    return { deviation: size / Math.sqrt(60_000), largest: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) };
  }

  it("are normal of the deviation asked for, cut off at two of them, or zero", async () => {
    const normal = await spreadOf({ distribution: "normal", standardDeviation: 0.03 });
    // Four standard errors of a deviation: 4·0.03/√(2·60,000)
    expect(Math.abs(normal.deviation - 0.03)).toBeLessThan(3.5e-4);
    expect(normal.largest).toBeGreaterThan(0.09);
    const truncated = await spreadOf({ distribution: "truncatedNormal", standardDeviation: 0.03 });
    // Of a normal distribution cut off at ±2σ: √(1 − 4φ(2)/(2Φ(2) − 1)) = 0.8796
    expect(Math.abs(truncated.deviation - 0.8796 * 0.03)).toBeLessThan(3.5e-4);
    expect(truncated.largest).toBeLessThanOrEqual(0.06);
    expect(truncated.largest).toBeGreaterThan(0.0595);
    expect(await spreadOf("zeros")).toEqual({ deviation: 0, largest: 0 });
  });

  it("of every distribution are multiplied by the initial scale", async () => {
    const normal = { distribution: "normal", standardDeviation: 0.03 };
    for (const initializer of ["glorotUniform", "glorotNormal", "heUniform", "heNormal", "lecunUniform", normal]) {
      const [one, half] = [await spreadOf(initializer), await spreadOf(initializer, 0.5)];
      expect(half).toEqual({ deviation: one.deviation / 2, largest: one.largest / 2 });
    }
    expect(await spreadOf("zeros", 3)).toEqual({ deviation: 0, largest: 0 });
  });

  it("of biases are 0, or drawn by themselves: apart from the kernel and whatever its scale", async () => {
    const { algebra } = await startBackend("cpu");
    const data = dataset({ height: 1, width: 1, classes: 20_000 });
    async function drawn(options: object) {
      const parsed = softmaxRegression.schema.parse({ name: "softmax-regression", ...options });
      const objective = await (await softmaxRegression.create(parsed as never, context(data))).onTensors(algebra);
      const [kernel, bias] = await Promise.all(objective.initialWeights().map((weights) => weights.data()));
      objective.dispose?.();
      return { kernel: [...kernel!], bias: [...bias!] };
    }
    const normal = { distribution: "normal", standardDeviation: 0.5 };
    const { kernel, bias } = await drawn({ initializer: normal, biasInitializer: normal });
    const product = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    // Four standard errors: of a deviation 4·0.5/√(2·20,000), of a correlation 4/√20,000.
    expect(Math.abs(Math.sqrt(product(bias, bias) / 20_000) - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(product(kernel, bias) / (20_000 * 0.25))).toBeLessThan(0.0283);
    expect((await drawn({ initializer: "zeros", initialScale: 3, biasInitializer: normal })).bias).toEqual(bias);
    expect((await drawn({ initializer: normal })).kernel).toEqual(kernel);
    expect(new Set((await drawn({ initializer: normal })).bias)).toEqual(new Set([0]));
  });
});
