import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import {
  initializers,
  type LayersModel,
  layers,
  model as modelOf,
  regularizers,
  type SymbolicTensor,
  sequential,
} from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { startBackend } from "../../src/compute/backends.js";
import type { TensorAlgebra } from "../../src/compute/tensors.js";
import type { ImageDataset, ImageSet } from "../../src/data/dataset.js";
import { model } from "../../src/problems/model.js";
import { scalarsOf, scoresFrom } from "../../src/training/evaluation.js";

type Json = Record<string, unknown>;

let A: TensorAlgebra;
beforeAll(async () => {
  ({ algebra: A } = await startBackend("cpu"));
});

function images(size: number, name: string): ImageSet {
  const stream = randomStream({ seed: 4, name });
  return {
    size,
    pixels: Uint8Array.from({ length: size * 16 }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: size }, () => stream.integer(0, 2)),
  };
}

/** Images of 4 × 4 grey pixels in three classes. */
const dataset = {
  ...{ name: "random", height: 4, width: 4, channels: 1, classes: 3, checksum: "", source: "" },
  ...{ train: images(9, "train"), test: images(5, "test") },
} satisfies ImageDataset;

/** What `model.save` writes, as JSON and numbers. */
async function saved(made: LayersModel): Promise<{ json: Json; weights: Buffer }> {
  let written: { json: Json; weights: Buffer } | undefined;
  await made.save({
    async save({ modelTopology, weightSpecs, weightData }) {
      const manifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      const json = { format: "layers-model", modelTopology, weightsManifest: manifest };
      written = { json: JSON.parse(JSON.stringify(json)) as Json, weights: Buffer.from(weightData as ArrayBuffer) };
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    },
  });
  return written!;
}

/** Writes a model's files and makes the problem of them. */
function problemOf(json: unknown, weights: Buffer | undefined, data = dataset) {
  const directory = mkdtempSync(join(tmpdir(), "model-"));
  writeFileSync(join(directory, "model.json"), typeof json === "string" ? json : JSON.stringify(json));
  if (weights) writeFileSync(join(directory, "weights.bin"), weights);
  const context = { stream: (name: string) => randomStream({ seed: 0, name }), dataset: data, directory };
  return { directory, problem: model.create({ name: "model", file: "model.json" }, context) };
}

const seeded = (seed: number) => initializers.glorotNormal({ seed });

/** Two inputs joined, a model within the model, a penalty, running statistics, a frozen layer. */
function intricate(): LayersModel {
  const input = layers.input({ shape: [4, 4, 1] });
  const inner = sequential({
    name: "inner",
    layers: [
      layers.dense({ name: "first", units: 5, inputShape: [16], kernelInitializer: seeded(1), activation: "tanh" }),
      layers.batchNormalization({ name: "normal", movingMeanInitializer: initializers.constant({ value: 0.25 }) }),
    ],
  });
  const flat = layers.flatten({ name: "flat" }).apply(input) as SymbolicTensor;
  const frozen = layers.dense({ name: "frozen", units: 5, kernelInitializer: seeded(2), trainable: false });
  const joined = layers.add({ name: "join" }).apply([inner.apply(flat), frozen.apply(flat)] as SymbolicTensor[]);
  const last = layers.dense({
    ...{ name: "last", units: 3, activation: "softmax", kernelInitializer: seeded(3) },
    kernelRegularizer: regularizers.l2({ l2: 0.5 }),
  });
  return modelOf({ inputs: input, outputs: last.apply(joined) as SymbolicTensor });
}

describe("a model of the user's", () => {
  test("starts from the weights of its file, and has the loss and the gradient that the library gives it", async () => {
    const before = tf.memory().numTensors;
    const made = intricate();
    const { json, weights } = await saved(made);
    const problem = await problemOf(json, weights).problem;
    expect(problem.layers.map(({ name }) => name)).toEqual([
      ...["first/kernel", "first/bias", "normal/gamma", "normal/beta", "last/kernel", "last/bias"],
    ]);
    expect(problem.nonTrainable!.map(({ name }) => name).sort()).toEqual([
      ...["frozen/bias", "frozen/kernel", "normal/moving_mean", "normal/moving_variance"],
    ]);
    const objective = await problem.onTensors(A);
    const start = objective.initialWeights();
    const byName = new Map(made.weights.map((weight) => [weight.originalName, weight.read()]));
    for (const [i, { name }] of problem.layers.entries()) {
      expect(await A.values(start[i]!)).toEqual(await A.values(byName.get(name)!));
    }
    // In evaluation: the mean of −log of the probability of the right class, and ½‖W‖² of the last kernel.
    const probabilities = tf.tidy(() => {
      const pixels = Float32Array.from(dataset.test.pixels, (byte) => byte / 255);
      return (made.predict(tf.tensor4d(pixels, [5, 4, 4, 1])) as tf.Tensor2D).arraySync();
    });
    const entropy = probabilities.reduce((sum, row, i) => sum - Math.log(row[dataset.test.labels[i]!]!), 0) / 5;
    const kernel = await A.values(byName.get("last/kernel")!);
    const penalty = 0.5 * kernel.reduce((sum, w) => sum + w * w, 0);
    const onTest = objective.onTest!()!;
    const scores = A.scope(() => ({ test: onTest(start) }));
    const values = await A.read(scalarsOf(scores));
    expect(scoresFrom(scores, values, 0).test!.loss).toBeCloseTo(entropy + penalty, 5);
    // ∂f/∂bias of the last layer = mean of p − e_y, whose entries sum to 0.
    const { gradients, loss, accuracy } = A.scope(() => objective.lossAndGradients(start, "full"));
    const lastBias = await A.values(gradients.at(-1)!);
    expect(lastBias.reduce((sum, g) => sum + g, 0)).toBeCloseTo(0, 6);
    expect(gradients.map(({ shape }) => shape)).toEqual(problem.layers.map(({ shape }) => shape));
    A.dispose([...gradients, ...start, loss, accuracy!]);
    objective.dispose?.();
    made.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("has a checksum that changes with every byte of its files", async () => {
    const { json, weights } = await saved(intricate());
    const checksumOf = async (content: unknown, numbers: Buffer) =>
      (await problemOf(content, numbers).problem).checksum;
    const checksum = await checksumOf(json, weights);
    expect(checksum).toMatch(/^[0-9a-f]{64}$/);
    expect(await checksumOf(json, weights)).toBe(checksum);
    const changed = Buffer.from(weights);
    changed[7]! ^= 1;
    expect(await checksumOf(json, changed)).not.toBe(checksum);
    expect(await checksumOf({ ...json, generatedBy: "me" }, weights)).not.toBe(checksum);
  });
});

describe("a file that cannot serve is told in one line", () => {
  const small = (...more: object[]) =>
    sequential({
      layers: [
        layers.flatten({ name: "flat", inputShape: [4, 4, 1] }),
        ...(more as never[]),
        layers.dense({ name: "last", units: 3 }),
      ],
    });

  /** The first layer of this name in a saved model. */
  const configOf = (json: Json, name: string): Json => {
    const all = (json as { modelTopology: { config: { layers: { config: Json }[] } } }).modelTopology.config.layers;
    return all.find(({ config }) => config.name === name)!.config;
  };
  const manifestOf = (json: Json) => (json.weightsManifest as { paths: string[]; weights: Json[] }[])[0]!;

  type Spoil = (json: Json, weights: Buffer) => readonly [json: unknown, weights: Buffer | undefined] | undefined;

  const cases: [what: string, spoil: Spoil, message: RegExp, made?: () => LayersModel][] = [
    [
      "it is no JSON",
      (_, weights) => ["<html>", weights],
      /model\.json is not JSON \(.*\); expected the model\.json of/,
    ],
    [
      "it is no model",
      (_, weights) => [{ a: 1 }, weights],
      /: modelTopology: expected the layers of a model, as model/,
    ],
    ["it is a list", (_, weights) => [[1], weights], /model\.json: expected the model\.json that model\.save writes$/],
    [
      "it is a graph model",
      (json, weights) => [{ ...json, format: "graph-model" }, weights],
      /: format: expected a layers model \(a graph model cannot be trained\)$/,
    ],
    [
      "it has no list of weights",
      ({ modelTopology }, weights) => [{ modelTopology }, weights],
      /: weightsManifest: expected the list of weight files that model\.save writes$/,
    ],
    ["the weights are missing", (json) => [json, undefined], /weights\.bin does not exist: .*model\.json names it/],
    [
      "the weights are cut off",
      (json, weights) => [json, weights.subarray(4)],
      /weights\.bin: found 200 bytes, expected 204 for the weights that .*model\.json lists; save the model again$/,
    ],
    [
      "a weight is NaN",
      (json, weights) => {
        const spoilt = Buffer.from(weights);
        spoilt.writeFloatLE(Number.NaN, 8);
        return [json, spoilt];
      },
      /model\.json: the weight last\/kernel holds NaN; expected finite numbers$/,
    ],
    [
      "two weights have one name",
      (json, weights) => {
        manifestOf(json).weights[1]!.name = "last/kernel";
        return [json, weights];
      },
      /model\.json lists the weight last\/kernel twice$/,
    ],
    [
      "two layers have one name",
      (json) => {
        configOf(json, "first").name = "last";
        return undefined;
      },
      /model\.json has two layers named last; give each a name of its own$/,
      () => small(layers.reLU({ name: "first" })),
    ],
    [
      "the weights are quantized",
      (json, weights) => {
        manifestOf(json).weights[0]!.quantization = { dtype: "uint8" };
        return [json, weights];
      },
      /quantization: expected none; save the model without quantization$/,
    ],
    [
      "it takes other images",
      (json) => {
        configOf(json, "flat").batch_input_shape = [null, 32, 32, 3];
        return undefined;
      },
      /takes examples of \[32, 32, 3\], and the images of random are \[4, 4, 1\]; expected one of \[4, 4, 1\], \[4, 4\], \[16\]$/,
    ],
    [
      "it has another number of outputs",
      () => undefined,
      /model\.json gives \[2\] for an example, and random has 3 classes; expected \[3\]$/,
      () => sequential({ layers: [layers.flatten({ inputShape: [4, 4, 1] }), layers.dense({ units: 2 })] }),
    ],
    [
      "it ends in another activation",
      (json) => {
        configOf(json, "last").activation = "sigmoid";
        return undefined;
      },
      /model\.json ends in sigmoid; expected softmax, or no activation for logits$/,
    ],
    [
      "a layer is unknown",
      (json, weights) => [JSON.stringify(json).replace('"class_name":"Dense"', '"class_name":"Attention"'), weights],
      /model\.json cannot be loaded: Unknown layer: Attention\.$/,
    ],
    [
      "a layer draws noise of its own",
      () => undefined,
      /: layer noise is a GaussianNoise, whose noise no run could repeat; use Dropout$/,
      () => small(layers.gaussianNoise({ name: "noise", stddev: 1 })),
    ],
    [
      "a layer has a constraint",
      (json) => {
        configOf(json, "last").kernel_constraint = { class_name: "NonNeg", config: {} };
        return undefined;
      },
      /: layer last has a kernel_constraint, which no update rule keeps to; leave it out$/,
    ],
    [
      "a weight has another shape than its layer",
      (json) => {
        manifestOf(json).weights[0]!.shape = [3, 16];
        return undefined;
      },
      /model\.json cannot be loaded: .*(shape|Shape)/,
    ],
    [
      "a layer has no weights in the file",
      (json, weights) => {
        manifestOf(json).weights.pop();
        return [json, weights.subarray(0, 16 * 3 * 4)];
      },
      /model\.json cannot be loaded: .*last\/bias/,
    ],
    [
      "nothing is trained",
      (json) => {
        configOf(json, "last").trainable = false;
        return undefined;
      },
      /model\.json has no weights to train$/,
    ],
  ];

  test.each(cases.map(([what, ...rest]) => ({ what, rest })))(
    "$what",
    async ({ rest: [spoil, message, made = small] }) => {
      const built = made();
      const { json, weights } = await saved(built);
      const [content, numbers] = spoil(json, weights) ?? [json, weights];
      // Some are found out when the files are read, the others when the model is made of them.
      const failing = async () => (await problemOf(content, numbers).problem).onTensors(A);
      const error = await failing().then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error?.message).toMatch(message);
      expect(error?.message.split("\n")).toHaveLength(1);
      expect(error?.name).not.toBe("TypeError");
      built.dispose();
    },
  );

  test("it does not exist, or is a directory", async () => {
    const make = (file: string) =>
      Promise.resolve().then(() =>
        model.create(
          { name: "model", file },
          { stream: (name) => randomStream({ seed: 0, name }), dataset, directory: tmpdir() },
        ),
      );
    await expect(make("none.json")).rejects.toThrow(
      /none\.json does not exist: correct problem\.file \(relative to the config's directory\)$/,
    );
    await expect(make(".")).rejects.toThrow(/is a directory: correct problem\.file/);
  });
});
