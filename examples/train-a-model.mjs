// Trains a TensorFlow.js model of your own with LARS. Beside this package it needs @tensorflow/tfjs 4.22 (or, as here, its
// parts), of which there is to be one copy: npm ls @tensorflow/tfjs-core
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { initializers, layers, sequential } from "@tensorflow/tfjs-layers";
import { lars } from "run-experiment";

tf.enableProdMode(); // without advice on the console

// 256 points of the plane; to be told is whether they lie in the unit circle.
const x = tf.randomUniform([256, 2], -1.5, 1.5, "float32", 1);
const y = tf.tidy(() => tf.cast(tf.less(tf.norm(x, "euclidean", 1, true), 1), "float32"));

// A bias that starts at 0 would never move under LARS, whose steps are proportional to the weights. With seeds, and
// examples in one order, every run of this file prints the same.
const dense = (units, activation, seed, more = {}) =>
  layers.dense({
    ...{ units, activation, ...more },
    kernelInitializer: initializers.glorotNormal({ seed }),
    biasInitializer: initializers.truncatedNormal({ stddev: 0.05, seed: seed + 1 }),
  });
const model = sequential({ layers: [dense(16, "tanh", 1, { inputShape: [2] }), dense(1, "sigmoid", 3)] });

// The options are those of a config: momentum, excluded layers, schedules (these with `steps`, the number of updates).
const optimizer = lars({ learningRate: 0.02, momentum: 0.5 });
model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
const { history } = await model.fit(x, y, { epochs: 40, batchSize: 32, shuffle: false, verbose: 0 });

console.log(`loss ${history.loss.at(0).toFixed(3)} → ${history.loss.at(-1).toFixed(3)}`);
console.log(`accuracy ${history.acc.at(0).toFixed(2)} → ${history.acc.at(-1).toFixed(2)}`);
