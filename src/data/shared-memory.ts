import type { ImageDataset, ImageSet } from "./dataset.js";

type NumberArray = ImageSet["pixels"] | ImageSet["labels"];

/** Told by what an array is, not by its constructor: a Buffer is a Uint8Array, and makes copies. */
const kinds = [Uint8Array, Int32Array, Float32Array, Float64Array];

/** An array of the same kind, all 0, in memory that worker threads share in place of copying it. */
export function sharedLike<A extends NumberArray>(array: A, length: number): A {
  const Kind = kinds.find((kind) => array instanceof kind) as unknown as new (memory: SharedArrayBuffer) => A;
  return new Kind(new SharedArrayBuffer(length * array.BYTES_PER_ELEMENT));
}

function shared<A extends NumberArray>(array: A): A {
  if (array.buffer instanceof SharedArrayBuffer) return array;
  const copy = sharedLike(array, array.length);
  copy.set(array as ArrayLike<number> as never);
  return copy;
}

const sharedSet = ({ size, pixels, labels }: ImageSet): ImageSet => ({
  size,
  pixels: shared(pixels),
  labels: shared(labels),
});

/** The data set in memory that worker threads share: sent to one, it is not copied. */
export function sharedDataset({ train, validation, test, ...facts }: ImageDataset): ImageDataset {
  return {
    ...facts,
    train: sharedSet(train),
    ...(validation && { validation: sharedSet(validation) }),
    ...(test && { test: sharedSet(test) }),
  };
}

/** These examples of a set, in shared memory. */
export function sharedSubset({ size, pixels, labels }: ImageSet, indices: Int32Array): ImageSet {
  const length = pixels.length / size;
  const chosen = {
    size: indices.length,
    pixels: sharedLike(pixels, indices.length * length),
    labels: sharedLike(labels, indices.length),
  };
  for (const [to, from] of indices.entries()) {
    chosen.pixels.set(pixels.subarray(from * length, (from + 1) * length) as never, to * length);
    chosen.labels[to] = labels[from]!;
  }
  return chosen;
}
