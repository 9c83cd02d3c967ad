// Trains a TensorFlow.js model of your own with LARS. Beside this package it needs @tensorflow/tfjs 4.22 (or, as here, its
// parts), of which there is to be one copy: npm ls @tensorflow/tfjs-core
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { lars } from "run-experiment";

tf.enableProdMode(); // without advice on the console

// 256 points of the plane; to be told is whether they lie in the unit circle.
const x = tf.randomUniform([256, 2], -1.5, 1.5, "float32", 1);
const y = tf.tidy(() => tf.cast(tf.less(tf.norm(x, "euclidean", 1, true), 1), "float32"));

// A bias that starts at 0 would never move under LARS, whose steps are proportional to the weights.
const model = sequential({
  layers: [
    layers.dense({ units: 16, activation: "tanh", inputShape: [2], biasInitializer: "truncatedNormal" }),
    layers.dense({ units: 1, activation: "sigmoid", biasInitializer: "truncatedNormal" }),
  ],
});

// The options are those of a config: momentum, excluded layers, schedules (these with `steps`, the number of updates).
const optimizer = lars({ learningRate: 0.02, momentum: 0.5 });
model.compile({ optimizer, loss: "binaryCrossentropy", metrics: ["accuracy"] });
const { history } = await model.fit(x, y, { epochs: 40, batchSize: 32, verbose: 0 });

console.log(`loss ${history.loss.at(0).toFixed(3)} → ${history.loss.at(-1).toFixed(3)}`);
console.log(`accuracy ${history.acc.at(0).toFixed(2)} → ${history.acc.at(-1).toFixed(2)}`);
