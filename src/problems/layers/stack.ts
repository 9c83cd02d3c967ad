import { z } from "zod";
import { ExperimentError } from "../../base/errors.js";
import type { NetworkLayer } from "../network.js";
import { batchNormalisation } from "./batch-normalisation.js";
import { convolution } from "./convolution.js";
import type { LayerKind, Shaped, Standard } from "./layer-kind.js";
import { activation, dropout, flattening, fullyConnected } from "./plain-layers.js";
import { averagePooling, maxPooling } from "./pooling.js";

/** Every kind of layer that a config can put into a stack. A new one is a file and two lines here. */
const kinds: readonly LayerKind[] = [
  convolution,
  maxPooling,
  averagePooling,
  batchNormalisation,
  activation,
  dropout,
  fullyConnected,
];

/** One layer of a stack: its kind under `layer`, and that kind's options. */
export const layerOption = z.discriminatedUnion("layer", [
  convolution.schema,
  maxPooling.schema,
  averagePooling.schema,
  batchNormalisation.schema,
  activation.schema,
  dropout.schema,
  fullyConnected.schema,
]);

export type LayerOption = z.output<typeof layerOption>;

/** Names layers by their kind and their number among those of it: conv_1, conv_2. */
function numbering(): (kind: string) => string {
  const counts = new Map<string, number>();
  return (kind) => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind.replaceAll("-", "_")}_${count}`;
  };
}

/**
 * The layers of a stack, one after the other. Images become one axis where a layer takes vectors.
 *
 * @param input shape of one image: height, width, channels
 * @throws ExperimentError if a layer does not fit what is before it
 */
export function layersOf(
  options: readonly LayerOption[],
  input: readonly number[],
  standard: Standard,
): readonly NetworkLayer[] {
  const named = numbering();
  const stack: Shaped[] = [];
  const before = () => stack.at(-1)?.output ?? input;
  for (const option of options) {
    const { kind, takes, shaped } = kinds.find(({ kind }) => kind === option.layer)!;
    const isImage = before().length > 1;
    if (takes === "vector" && isImage) stack.push(flattening({ name: named("flatten"), input: before() }));
    const name = named(kind);
    if (takes === "image" && !isImage) {
      throw new ExperimentError(`problem.layers: ${name} needs an image, and a dense layer is before it; put it first`);
    }
    stack.push(shaped(option, { name, input: before(), standard }));
  }
  return stack.map(({ layer }) => layer);
}
