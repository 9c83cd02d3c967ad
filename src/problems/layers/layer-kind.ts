import { z } from "zod";
import { ExperimentError } from "../../base/errors.js";
import { type Activation, activations, type Initialisation, type NetworkLayer } from "../network.js";

/** Height and width. */
export type Pair = readonly [number, number];

/** A layer, and the shape of one example after it: [height, width, channels], or [units]. */
export interface Shaped {
  readonly layer: NetworkLayer;
  readonly output: readonly number[];
}

/** What a network's layers have where they say nothing themselves. */
export interface Standard extends Initialisation {
  readonly activation: Activation;
  readonly bias: boolean;
}

/** Where a layer stands in its network. */
export interface Place {
  /** Its name, e.g. "conv_2". */
  readonly name: string;
  /** Shape of one example before it. */
  readonly input: readonly number[];
  readonly standard: Standard;
}

/** A kind of layer that a config can put into a stack. `Options` is what `schema` accepts, the field `layer` included. */
export interface LayerKind<Options = unknown> {
  readonly kind: string;
  readonly schema: z.ZodObject;
  /** What it works on: images, or examples as one axis; absent: both. */
  readonly takes?: "image" | "vector";
  /** @throws ExperimentError if it does not fit what is before it */
  shaped(options: Options, place: Place): Shaped;
}

/** A kind whose `shaped` takes exactly what its schema yields. */
export function defineLayerKind<Schema extends z.ZodObject>(
  kind: Omit<LayerKind<z.output<Schema>>, "schema"> & { readonly schema: Schema },
): LayerKind<z.output<Schema>> & { readonly schema: Schema } {
  return kind;
}

/** A length, or a count of channels or units. */
export const count = z.int().min(1).max(100_000);

/** The size of something flat: a number, or height and width. */
export const pair = z
  .union([count, z.tuple([count, count])], { error: "expected a number, or height and width as [h, w]" })
  .transform((size): Pair => (typeof size === "number" ? [size, size] : size));

export const activationOption = z
  .enum([...activations, "linear"])
  .optional()
  .describe("what comes after it; default: the problem's activation");

export const biasOption = z
  .boolean()
  .optional()
  .describe("whether it has a bias, initially zero; default: the problem's");

export const paddingOption = z
  .enum(["same", "valid"])
  .default("valid")
  .describe("same: zeros around the image, so that a stride of 1 keeps its size; valid: none");

/** Windows of this size that pass over an image, so far apart. */
export interface Windows {
  readonly size: Pair;
  readonly stride: Pair;
  readonly padding: "same" | "valid";
}

/** How many windows there are down and across: ⌈n/s⌉ with padding, else ⌊(n − k)/s⌋ + 1. */
export function windowsIn({ name, input }: Place, { size, stride, padding }: Windows): Pair {
  const along = (axis: 0 | 1) => {
    const length = input[axis]!;
    if (padding === "same") return Math.ceil(length / stride[axis]);
    if (size[axis] <= length) return Math.floor((length - size[axis]) / stride[axis]) + 1;
    throw new ExperimentError(
      `problem.layers: ${name} passes windows of ${size.join(" × ")} over ${input[0]} × ${input[1]} pixels, which are too few; use padding: same, smaller windows, or less pooling before it`,
    );
  };
  return [along(0), along(1)];
}
