import { ExperimentError } from "../base/errors.js";
import { type RandomStream, randomStream, type StreamSource } from "../base/random.js";
import type { ImageSet } from "./dataset.js";

/** Where a batch sampler stands; plain JSON. */
export interface BatchSamplerState {
  /** The random stream's position before it shuffled the current epoch. */
  readonly epochStart: readonly number[];
  /** Examples of the current epoch already handed out. */
  readonly position: number;
}

/** Hands out the training examples in mini-batches. */
export interface BatchSampler {
  /**
   * Indices of the next batch. The last batch of an epoch is smaller where the batch size does not divide the number of
   * examples: every example is used exactly once an epoch, and no batch spans two epochs.
   */
  next(batchSize: number): Int32Array;
  state(): BatchSamplerState;
}

/** Number of batches that make up one epoch, the last and possibly smaller one included. */
export function stepsPerEpoch(examples: number, batchSize: number): number {
  return Math.ceil(examples / batchSize);
}

/**
 * Batches of examples 0 … n−1, shuffled afresh each epoch.
 *
 * @param examples n
 * @param source what the order is derived from
 * @param state continue from here: exactly the batches follow that would have followed
 * @throws ExperimentError if the state does not fit n
 */
export function batchSampler(examples: number, source: StreamSource, state?: BatchSamplerState): BatchSampler {
  if (state && !(Number.isInteger(state.position) && state.position >= 0 && state.position <= examples)) {
    throw new ExperimentError(
      `The saved position ${state.position} in the data is not within its ${examples} examples`,
    );
  }
  const stream: RandomStream = randomStream(source, state?.epochStart);
  let epochStart = stream.state();
  let order = stream.permutation(examples);
  let position = state?.position ?? 0;
  return {
    next(batchSize) {
      if (position === examples) {
        epochStart = stream.state();
        order = stream.permutation(examples);
        position = 0;
      }
      const batch = order.slice(position, position + batchSize);
      position += batch.length;
      return batch;
    },
    state: () => ({ epochStart, position }),
  };
}

/**
 * A fixed random subset of the examples 0 … n−1, in ascending order; "full" where it would be all of them.
 *
 * @param examples n
 * @param source what the choice is derived from
 */
export function fixedSubset(examples: number, size: number | "all", source: StreamSource): Int32Array | "full" {
  if (size === "all" || size >= examples) return "full";
  return randomStream(source).permutation(examples).slice(0, size).sort();
}

/**
 * The bytes of the images at the given indices, batch × pixels.
 *
 * @param length bytes of one image
 * @param gathered where to write them
 */
export function gatherPixels(
  pixels: Uint8Array,
  indices: Int32Array,
  length: number,
  gathered: Uint8Array = new Uint8Array(indices.length * length),
): Uint8Array {
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * length;
    gathered.set(pixels.subarray(from, from + length), i * length);
  }
  return gathered;
}

/** The class indices at the given indices. */
export function gatherLabels(set: ImageSet, indices: Int32Array): Int32Array {
  return indices.map((index) => set.labels[index]!);
}
