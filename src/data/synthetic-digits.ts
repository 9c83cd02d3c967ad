import { z } from "zod";
import { defineDataset } from "./dataset.js";
import { deform, imageSide } from "./digit-deformation.js";
import { render } from "./digit-rendering.js";
import { skeletons } from "./digit-skeletons.js";
import { generatedFields, type ImageGenerator, loadGenerated } from "./generated-images.js";

const schema = z.strictObject({
  name: z.literal("synthetic-digits").describe("Generated digits"),
  ...generatedFields,
});

export type SyntheticDigitsOptions = z.output<typeof schema>;

const generator: ImageGenerator = {
  name: "synthetic-digits",
  version: 1,
  classes: skeletons.length,
  side: imageSide,
  channels: 1,
  draw(label, stream, pixels) {
    const styles = skeletons[label]!;
    const skeleton = styles[stream.integer(0, styles.length - 1)]!;
    render(deform(skeleton, stream), stream, pixels);
  },
};

/**
 * Digits drawn by this program: stroke skeletons in several styles a digit, deformed elastically and affinely, drawn with a
 * pen of random width, blurred, with a little noise. Only operations whose rounding IEEE 754 prescribes are used,
 * so the same options give the same bytes on every machine. Generated data is kept in the per-user cache.
 */
export const syntheticDigits = defineDataset({
  name: "synthetic-digits",
  summary: "Generated 28 × 28 digits in handwriting; needs no download",
  version: 1,
  schema,
  load: (options, context) => loadGenerated(generator, options, context),
});
