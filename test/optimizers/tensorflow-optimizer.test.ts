import * as tf from "@tensorflow/tfjs-core";
import * as layers from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, test } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { optimizers } from "../../src/optimizers/registry.js";
import type { TensorFlowOptions } from "../../src/optimizers/tensorflow-optimizer.js";
import * as exported from "../../src/tensorflow.js";
import { trajectory } from "./rules.js";

beforeAll(async () => {
  await startBackend("cpu");
});

/** "percentDelta" → "percent-delta" */
const kebabCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const factories = Object.fromEntries(Object.entries(exported).map(([name, factory]) => [kebabCase(name), factory]));
const names = Object.keys(factories);

test("every rule is exported as an optimizer of TensorFlow.js, under its name", () => {
  expect([...names].sort()).toEqual(optimizers.map(({ name }) => name).sort());
});

/** Options under which each rule remembers something, where it can; where nothing is said here, by momentum. */
const remembering: Readonly<Record<string, object>> = {
  "percent-delta-elementwise": { epsilon: 1e-3 },
  lamb: {},
  lans: {},
  fromage: {},
  nero: { learningRate: 0.1 },
  madam: {},
  novograd: {},
  scion: { learningRate: 0.1, radius: 3 },
  adam: {},
  adamw: {},
  nadam: {},
  lion: {},
  adagrad: { learningRate: 0.1 },
  "sign-descent": { beta: 0.5 },
  "normalized-gradient-descent": { beta: 0.5, learningRate: 0.05 },
};
const optionsOf = (name: string): TensorFlowOptions => ({
  learningRate: 0.02,
  ...(remembering[name] ?? { momentum: 0.5 }),
});

function model(useBias = false) {
  const dense = (units: number, seed: number, activation?: "tanh") =>
    layers.layers.dense({
      units,
      useBias,
      ...(activation && { activation }),
      kernelInitializer: layers.initializers.glorotUniform({ seed }),
      ...(seed === 1 && { inputShape: [3] }),
    });
  return layers.sequential({ layers: [dense(4, 1, "tanh"), dense(1, 2)] });
}

/** y = x₁ − 2x₂, without noise. */
function examples() {
  const x = tf.randomUniform([64, 3], -1, 1, "float32", 7);
  const y = tf.tidy(() => tf.sub(tf.slice(x, [0, 0], [64, 1]), tf.mul(2, tf.slice(x, [0, 1], [64, 1]))));
  return { x, y };
}

const train = async (net: layers.LayersModel, { x, y }: ReturnType<typeof examples>, epochs: number) =>
  (await net.fit(x, y, { epochs, batchSize: 16, shuffle: false, verbose: 0 })).history.loss as number[];

describe.each(names)("%s as an optimizer of TensorFlow.js", (name) => {
  test("lowers the loss of a model, and leaves no tensor behind", async () => {
    const before = tf.memory().numTensors;
    const data = examples();
    const net = model();
    const optimizer = factories[name]!(optionsOf(name));
    net.compile({ optimizer, loss: "meanSquaredError" });
    const losses = await train(net, data, 12);
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
    const trained = tf.memory().numTensors;
    await train(net, data, 2);
    expect(tf.memory().numTensors).toBe(trained);
    await optimizer.getWeights();
    net.dispose();
    optimizer.dispose();
    tf.dispose([data.x, data.y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each<[string, object]>([
    ["as it is", {}],
    ["with a schedule", { learningRate: { schedule: "cosine", initial: 0.05 }, steps: 8 }],
    ["over all layers together", { scope: "global" }],
    ["neuron by neuron", { scope: "neuron" }],
    ["with a layer excluded", { exclude: ["*Dense*/kernel*"] }],
    ["with gradients clipped", { clipGradient: { method: "adaptive" } }],
  ])("%s, goes on as if nothing had happened when it is saved and loaded after every step", async (_, more) => {
    const before = tf.memory().numTensors;
    const data = examples();
    const options = { ...optionsOf(name), ...more };
    const compiled = () => {
      const net = model();
      net.compile({ optimizer: factories[name]!(options), loss: "meanSquaredError" });
      return net;
    };
    const whole = compiled();
    let cut: layers.LayersModel = compiled();
    for (let k = 1; k <= 4; k++) {
      await whole.trainOnBatch(data.x, data.y);
      await cut.trainOnBatch(data.x, data.y);
      const loaded = await savedAndLoaded(cut);
      expect(loaded.optimizer.getConfig()).toEqual(whole.optimizer.getConfig());
      expect(loaded.optimizer.iterations).toBe(k);
      release(cut);
      cut = loaded;
      expect(weightsOf(cut)).toEqual(weightsOf(whole));
    }
    release(cut);
    release(whole);
    tf.dispose([data.x, data.y]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("is made again from its configuration", () => {
    for (const { variants = [], name: ofRule } of optimizers) {
      if (ofRule !== name) continue;
      for (const variant of [{}, ...variants]) {
        const optimizer = factories[name]!({ learningRate: 0.1, ...variant, exclude: ["*/bias"] });
        const config = optimizer.getConfig();
        const Class = tf.serialization.SerializationMap.getMap().classNameMap[optimizer.getClassName()]!;
        const again = Class[1](Class[0], JSON.parse(JSON.stringify(config))) as typeof optimizer;
        expect(again).toBeInstanceOf(optimizer.constructor);
        expect(again.getConfig()).toEqual(config);
      }
    }
  });

  test("takes the steps that the same rule takes on the host", () => {
    const start = [[1, -2], [3]];
    const gradients = [0, 1, 2].map((k) => [[0.5 - k, 1], [-0.2 * (k + 1)]]);
    const expected = trajectory({ name, ...optionsOf(name) }, start, gradients);
    const optimizer = factories[name]!(optionsOf(name));
    const variables = start.map((values, i) => tf.variable(tf.tensor1d(values), true, `${name}-${i}`));
    const w = start.map((values) => [...values]);
    gradients.forEach((layers, k) => {
      // In the other order at every second step: what is remembered belongs to the variable, not to its place.
      const given = layers.map((g, i) => ({ name: `${name}-${i}`, tensor: tf.tensor1d(g) }));
      optimizer.applyGradients(k % 2 ? given.reverse() : given);
      variables.forEach((variable, i) => {
        const values = variable.dataSync();
        w[i] = w[i]!.map((x, j) => x + expected[k]![i]![j]!);
        w[i]!.forEach((x, j) => {
          expect(values[j]! / x).toBeCloseTo(1, 5);
        });
      });
    });
  });
});

/** What reading the model's file gives back: JSON, and its bytes beside it. */
const read = (saved: tf.io.ModelArtifacts): tf.io.ModelArtifacts => ({
  ...JSON.parse(JSON.stringify({ ...saved, weightData: undefined })),
  weightData: saved.weightData,
});

async function savedAndLoaded(net: layers.LayersModel): Promise<layers.LayersModel> {
  let saved: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    saved = artifacts;
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
  });
  await net.save(handler, { includeOptimizer: true });
  return layers.loadLayersModel(tf.io.fromMemory(read(saved!)));
}

const weightsOf = (net: layers.LayersModel) => net.getWeights().map((tensor) => [...tensor.dataSync()]);

/** A model does not own an optimizer that it was given. */
function release(net: layers.LayersModel): void {
  net.optimizer.dispose();
  net.dispose();
}

test("patterns of excluded variables survive a model's file", async () => {
  const optimizer = factories.lars!({ learningRate: 0.1, exclude: ["dense_1/*", "*/bias"] });
  const config = JSON.parse(JSON.stringify(optimizer.getConfig()));
  expect(config.exclude).toEqual([{ name: "dense_1/*" }, { name: "*/bias" }]);
  expect(factories.lars!(config).getConfig()).toEqual(optimizer.getConfig());
});

test("a model loaded beside the one it was saved from, whose variables have other names, keeps its excluded layers", async () => {
  const data = examples();
  const net = model(true);
  const optimizer = factories.lars!({ learningRate: 0.1, exclude: ["*/bias"] });
  net.compile({ optimizer, loss: "meanSquaredError" });
  await net.trainOnBatch(data.x, data.y);
  const copy = await savedAndLoaded(net);
  expect(copy.weights.map(({ name }) => name)).not.toEqual(net.weights.map(({ name }) => name));
  for (const one of [net, copy]) await one.trainOnBatch(data.x, data.y);
  expect(weightsOf(copy)).toEqual(weightsOf(net));
  // Biases that start at 0 move, because they take plain gradient steps.
  expect(weightsOf(copy)[1]).not.toContain(0);
  release(copy);
  release(net);
});

test.each([
  [{ learningRate: 0.1, momentun: 0.9 }, /momentun/],
  [{ learningRate: -1 }, /learningRate/],
  [{ learningRate: { schedule: "cosine", initial: 0.1 } }, /steps/],
])("says what is wrong with %j", (options, message) => {
  expect(() => factories.lars!(options as TensorFlowOptions)).toThrow(message);
});

describe("variables by hand, with v ← 0.5v + g and w ← w − 0.1v", () => {
  const sgd = (options: object = {}) => factories.sgd!({ learningRate: 0.1, momentum: 0.5, ...options });
  let count = 0;
  /** Variables of size 1 with names of their own, from 0. */
  const variablesOf = (...names: string[]) => {
    count++;
    return names.map((name) => tf.variable(tf.tensor1d([0]), true, `${name}-${count}`));
  };
  const valuesOf = (variables: readonly tf.Variable[]) => variables.map((variable) => variable.dataSync()[0]!);
  const one = (variable: tf.Variable) => ({ name: variable.name, tensor: tf.tensor1d([1]) });
  const close = (actual: readonly number[], wanted: readonly number[]) =>
    wanted.forEach((value, i) => {
      expect(actual[i]).toBeCloseTo(value, 6);
    });

  test("what is remembered of a variable waits where it has no gradient", () => {
    const optimizer = sgd();
    const [a, b] = variablesOf("a", "b") as [tf.Variable, tf.Variable];
    optimizer.applyGradients([one(a), one(b)]);
    close(valuesOf([a, b]), [-0.1, -0.1]);
    // b has no gradient: only v_a ← 1.5
    optimizer.applyGradients({ [a.name]: tf.tensor1d([1]), [b.name]: null } as unknown as tf.NamedTensorMap);
    close(valuesOf([a, b]), [-0.25, -0.1]);
    // v_a ← 1.75, v_b ← 1.5, each its own
    optimizer.applyGradients([one(b), one(a)]);
    close(valuesOf([a, b]), [-0.425, -0.25]);
    expect(optimizer.iterations).toBe(3);
  });

  test("steps leave as many tensors as there were, and disposing none", () => {
    const variables = variablesOf("a", "b");
    const gradients = variables.map(one);
    const before = tf.memory().numTensors;
    const optimizer = sgd({ scope: "global" });
    optimizer.applyGradients(gradients);
    const after = tf.memory().numTensors;
    for (let k = 0; k < 3; k++) optimizer.applyGradients(gradients);
    expect(tf.memory().numTensors).toBe(after);
    expect(after).toBe(before + 1);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a saved state is given to variables of the same name, and of a copy's; never to one of two", async () => {
    const saving = sgd();
    const variables = variablesOf("a", "b_1");
    const gradients = variables.map(one);
    saving.applyGradients(gradients);
    const weights = await saving.getWeights();
    expect(weights.map(({ name }) => name)).toEqual(["iter", ...variables.map(({ name }) => `${name}/state/velocity`)]);

    const before = tf.memory().numTensors;
    const loading = sgd();
    await loading.setWeights(weights);
    await loading.setWeights(weights);
    expect(loading.iterations).toBe(1);
    loading.applyGradients(gradients);
    // v = 1.5 for both
    close(valuesOf(variables), [-0.25, -0.25]);
    loading.dispose();
    expect(tf.memory().numTensors).toBe(before);

    // "x/w_1" and "x/w_2" were saved; "x/w_3" could be either.
    const pair = [tf.variable(tf.tensor1d([0]), true, "x/w_1"), tf.variable(tf.tensor1d([0]), true, "x/w_2")];
    const two = sgd();
    two.applyGradients(pair.map(one));
    const other = sgd();
    await other.setWeights(await two.getWeights());
    const copy = tf.variable(tf.tensor1d([0]), true, "x/w_3");
    other.applyGradients([one(copy)]);
    close(valuesOf([copy]), [-0.1]);
    // Where only one was saved it is that one.
    const single = sgd();
    single.applyGradients([one(pair[0]!)]);
    const third = sgd();
    await third.setWeights(await single.getWeights());
    const fourth = tf.variable(tf.tensor1d([0]), true, "x/w_4");
    third.applyGradients([one(fourth)]);
    close(valuesOf([fourth]), [-0.15]);
  });

  test("the schedule goes by the steps made, over the steps that were given", () => {
    const optimizer = factories.sgd!({ learningRate: { schedule: "polynomial", initial: 1, power: 1 }, steps: 4 });
    const variables = variablesOf("a");
    for (const expected of [-1, -1.75, -2.25]) {
      optimizer.applyGradients(variables.map(one));
      close(valuesOf(variables), [expected]);
    }
  });
});

test("a convention is spelled out in an optimizer's configuration", () => {
  const config = exported.lars({ learningRate: 0.1, convention: "optax", zeroRule: "stay" }).getConfig();
  expect(config).toMatchObject({ trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "stay" });
  expect(config).not.toHaveProperty("convention");
});

test("the optimizers of TensorFlow.js itself are still found under their names", () => {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  for (const own of [tf.AdamOptimizer, tf.AdagradOptimizer, tf.SGDOptimizer, tf.RMSPropOptimizer]) {
    expect(classNameMap[own.className]![0]).toBe(own);
  }
});

test("an optimizer tells its class, and its options as they were given", () => {
  const classOf = (name: string) => factories[name]!({ learningRate: 0.1 }).getClassName();
  for (const name of names) {
    const words = name.replace(/(^|-)./g, (start) => start.at(-1)!.toUpperCase());
    expect(classOf(name)).toBe(["Adam", "Adagrad"].includes(words) ? `RunExperiment${words}` : words);
  }
  const config = factories.sgd!({ learningRate: 0.1 }).getConfig();
  const defaults = {
    momentum: 0,
    nesterov: false,
    weightDecay: 0,
    scope: "layer",
    exclude: [],
    excludedUpdate: "gradient",
  };
  expect(config).toEqual({ learningRate: 0.1, ...defaults });
  expect(factories.sgd!({ learningRate: 0.1, steps: 7 }).getConfig()).toEqual({ ...config, steps: 7 });
});
