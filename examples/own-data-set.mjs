// A data set of your own: any grey-scale images with labels. As the default export of a module it can be named in the
// `plugins` of a config; here a program hands it over itself.
import { createHash } from "node:crypto";
import { defineDataset, randomStream, runExperiment, z } from "run-experiment";

/** `size` images of 8 × 8 pixels with vertical (label 0) or horizontal (label 1) stripes. */
function stripes(size, noise, stream) {
  const labels = Uint8Array.from({ length: size }, () => stream.integer(0, 1));
  const pixels = Uint8Array.from({ length: size * 64 }, (_, k) => {
    const [row, column] = [(k >> 3) % 8, k % 8];
    const isBright = (labels[k >> 6] === 1 ? row : column) % 2;
    return Math.max(0, Math.min(255, 60 + 135 * isBright + noise * stream.normal()));
  });
  return { size, pixels, labels };
}

const stripedImages = defineDataset({
  name: "stripes",
  summary: "8 × 8 images of vertical or horizontal stripes",
  version: 1,
  schema: z.strictObject({ name: z.literal("stripes"), noise: z.number().nonnegative().default(60) }),
  async load({ noise }) {
    const [train, test] = ["train", "test"].map((name) => stripes(500, noise, randomStream({ seed: 0, name })));
    // By its checksum a run's record tells which data it was made on.
    const checksum = createHash("sha256").update(train.pixels).update(test.pixels).digest("hex");
    return {
      name: "stripes",
      height: 8,
      width: 8,
      channels: 1,
      classes: 2,
      train,
      test,
      checksum,
      source: "generated",
    };
  },
});

const config = {
  name: "own-data-set",
  problem: { name: "softmax-regression" },
  data: { name: "stripes" },
  optimizer: { name: "percent-delta", learningRate: 0.02 },
  batchSize: 50,
  epochs: 5,
  backend: "wasm",
};
for await (const { epoch, test } of runExperiment(config, { definitions: [stripedImages] })) {
  if (test) console.log(`epoch ${epoch}: ${(100 * test.accuracy).toFixed(1)} % of the test images are told right`);
}
