// Writes the layers model of configs/reference/model-options.yaml, in the form in which tfjs-node's model.save does:
// node scripts/reference-model.js
import { writeFileSync } from "node:fs";
import "@tensorflow/tfjs-backend-cpu";
import { enableProdMode, ready } from "@tensorflow/tfjs-core";
import { initializers, layers, regularizers, sequential } from "@tensorflow/tfjs-layers";

enableProdMode();
await ready();

/** @param {number} seed */
const kernel = (seed) => ({ kernelInitializer: initializers.glorotUniform({ seed }) });

const model = sequential({
  layers: [
    // No bias: before a normalisation its gradient is 0 but for rounding, which differs from kernel to kernel.
    layers.conv2d({
      ...{ name: "conv", inputShape: [28, 28, 1], filters: 3, kernelSize: 5, strides: 4, useBias: false },
      ...kernel(1),
    }),
    layers.batchNormalization({ name: "normal", momentum: 0.9 }),
    layers.reLU({ name: "relu" }),
    layers.flatten({ name: "flatten" }),
    layers.dense({ name: "frozen", units: 12, trainable: false, ...kernel(2) }),
    layers.dropout({ name: "dropout", rate: 0.25 }),
    layers.dense({
      ...{ name: "classes", units: 10, activation: "softmax", ...kernel(3) },
      kernelRegularizer: regularizers.l2({ l2: 0.001 }),
    }),
  ],
});

const directory = new URL("../configs/reference/", import.meta.url);
await model.save({
  async save({ modelTopology, weightSpecs, weightData }) {
    const weightsManifest = [{ paths: ["./small.weights.bin"], weights: weightSpecs }];
    const content = { format: "layers-model", modelTopology, weightsManifest };
    writeFileSync(new URL("small.model", directory), `${JSON.stringify(content, null, 2)}\n`);
    writeFileSync(new URL("small.weights.bin", directory), Buffer.from(/** @type {ArrayBuffer} */ (weightData)));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  },
});
