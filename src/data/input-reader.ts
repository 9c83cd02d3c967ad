import type { Transformation } from "./augmentation.js";
import type { ImageDataset, ImageSet } from "./dataset.js";

/** What stored numbers stand for: bytes for intensities from 0 to 1, others for themselves. */
export function intensities(pixels: ImageSet["pixels"]): (index: number) => number {
  return pixels instanceof Uint8Array ? (index) => pixels[index]! / 255 : (index) => pixels[index]!;
}

/** Reads the inputs of examples as a model takes them, normalized as the data set says. */
export class InputReader {
  /** Numbers of one example. */
  readonly length: number;
  /** What each byte stands for in each channel, 256 numbers a channel. */
  private readonly ofBytes: Float64Array;

  constructor(private readonly dataset: Pick<ImageDataset, "height" | "width" | "channels" | "preparation">) {
    const { height, width, channels } = dataset;
    this.length = height * width * channels;
    this.ofBytes = Float64Array.from({ length: 256 * channels }, (_, i) =>
      this.normalized((i % 256) / 255, Math.floor(i / 256)),
    );
  }

  private normalized(value: number, channel: number): number {
    const normalization = this.dataset.preparation?.normalization;
    return normalization ? (value - normalization.mean[channel]!) / normalization.std[channel]! : value;
  }

  /**
   * Fills `inputs` with these examples, one after the other.
   *
   * @param transform what becomes of each example; absent: nothing
   */
  read<Inputs extends Float32Array | Float64Array>(
    { pixels }: ImageSet,
    indices: Int32Array,
    inputs: Inputs,
    transform?: (example: number) => Transformation,
  ): Inputs {
    const { length } = this;
    const convert = this.converter(pixels);
    for (const [i, example] of indices.entries()) {
      const from = example * length;
      if (transform) this.readTransformed(from, inputs, i * length, transform(example), convert);
      else if (pixels instanceof Uint8Array) this.readBytes(pixels, from, inputs, i * length);
      else for (let j = 0; j < length; j++) inputs[i * length + j] = convert(from + j, j);
    }
    return inputs;
  }

  /** The most frequent case, whose loop calls nothing. */
  private readBytes(pixels: Uint8Array, from: number, inputs: Float32Array | Float64Array, to: number): void {
    const { length, ofBytes } = this;
    const { channels } = this.dataset;
    for (let channel = 0; channel < channels; channel++) {
      const table = 256 * channel;
      for (let j = channel; j < length; j += channels) inputs[to + j] = ofBytes[table + pixels[from + j]!]!;
    }
  }

  /** The stored number at `from` (outside the image: 0), as the input of place j in its example. */
  private converter(pixels: ImageSet["pixels"]): (from: number, j: number) => number {
    const { ofBytes } = this;
    const { channels, preparation } = this.dataset;
    if (pixels instanceof Uint8Array) {
      if (channels === 1) return (from) => ofBytes[from < 0 ? 0 : pixels[from]!]!;
      return (from, j) => ofBytes[256 * (j % channels) + (from < 0 ? 0 : pixels[from]!)]!;
    }
    if (!preparation?.normalization) return (from) => (from < 0 ? 0 : pixels[from]!);
    return (from, j) => this.normalized(from < 0 ? 0 : pixels[from]!, j % channels);
  }

  private readTransformed(
    from: number,
    inputs: Float32Array | Float64Array,
    to: number,
    { right, down, isMirrored }: Transformation,
    convert: (from: number, j: number) => number,
  ): void {
    const { height, width, channels } = this.dataset;
    let j = 0;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const [y, shifted] = [row - down, column - right];
        const x = isMirrored ? width - 1 - shifted : shifted;
        const isInside = y >= 0 && y < height && x >= 0 && x < width;
        const start = isInside ? from + (y * width + x) * channels : -channels;
        for (let channel = 0; channel < channels; channel++, j++) inputs[to + j] = convert(start + channel, j);
      }
    }
  }
}
