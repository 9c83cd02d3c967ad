// A model of your own: any TensorFlow.js layers model for classification, saved as `model.save` writes it. In a config it
// is `problem: { name: model, file: model.json }`; here a program makes it, saves it and has it trained by LARS.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { enableProdMode } from "@tensorflow/tfjs-core";
import { initializers, layers, sequential } from "@tensorflow/tfjs-layers";
import { runExperiment } from "run-experiment";

enableProdMode(); // TensorFlow.js gives no advice then.
const kernelInitializer = initializers.glorotUniform({ seed: 1 });
const model = sequential({
  layers: [
    layers.conv2d({
      inputShape: [28, 28, 1],
      filters: 4,
      kernelSize: 5,
      strides: 2,
      useBias: false,
      kernelInitializer,
    }),
    layers.batchNormalization(),
    layers.reLU(),
    layers.maxPooling2d({ poolSize: 2 }),
    layers.flatten(),
    layers.dropout({ rate: 0.1 }),
    layers.dense({ units: 10, activation: "softmax", kernelInitializer }),
  ],
});

/** What tfjs-node does for `model.save("file://…")`: model.json, and the weights beside it. */
async function saveTo(directory, model) {
  const save = async ({ modelTopology, weightSpecs, weightData }) => {
    const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
    writeFileSync(join(directory, "model.json"), JSON.stringify({ modelTopology, weightsManifest }));
    writeFileSync(join(directory, "weights.bin"), Buffer.from(weightData));
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  };
  await model.save({ save });
  return join(directory, "model.json");
}

const config = {
  name: "own-model",
  problem: { name: "model", file: await saveTo(mkdtempSync(join(tmpdir(), "own-model-")), model) },
  data: { name: "synthetic-digits", train: 1000, test: 200 },
  // What begins at zero would not move under a proportional rule.
  optimizer: { name: "lars", learningRate: { schedule: "cosine", initial: 0.1 }, exclude: ["*/bias", "*/beta"] },
  batchSize: 50,
  epochs: 4,
  backend: "wasm",
};
for await (const { epoch, test } of runExperiment(config)) {
  if (test) console.log(`epoch ${epoch}: ${(100 * test.accuracy).toFixed(1)} % of the test images are told right`);
}
