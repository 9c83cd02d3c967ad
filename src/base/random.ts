import { createHash } from "node:crypto";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/** A seeded stream of random numbers whose position can be saved and restored. */
export interface RandomStream {
  /** Uniform in [0, 1), 53 random bits. */
  uniform(): number;
  /** Uniform in {low, …, high}, both included. */
  integer(low: number, high: number): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** The numbers 0 … n−1 in random order (Fisher–Yates). */
  permutation(n: number): Int32Array;
  /** The stream's position; `randomStream` with this as second argument continues from here. */
  state(): readonly number[];
}

/** What a stream is derived from: the run's root seed and the stream's name, so that adding a stream never shifts another. */
export interface StreamSource {
  readonly seed: number;
  readonly name: string;
}

/**
 * The random stream of this seed and name. Seeds are any integers, 0 included; every (seed, name) pair starts
 * xoroshiro128+ from 128 bits of SHA-256("seed/name").
 */
export function randomStream(source: StreamSource, state?: readonly number[]): RandomStream {
  const digest = createHash("sha256").update(`${source.seed}/${source.name}`).digest();
  const start = [0, 4, 8, 12].map((offset) => digest.readInt32LE(offset));
  const generator = state ? xoroshiro128plusFromState(state) : xoroshiro128plusFromState(start);
  const uniform = () => uniformFloat64(generator);
  return {
    uniform,
    integer: (low, high) => uniformInt(generator, low, high),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    permutation(n) {
      const order = Int32Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = uniformInt(generator, 0, i);
        const swapped = order[i]!;
        order[i] = order[j]!;
        order[j] = swapped;
      }
      return order;
    },
    state: () => [...generator.getState()],
  };
}
