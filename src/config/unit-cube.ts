import { randomStream } from "../base/random.js";

/** The n-th coordinate of a dimension, in [0, 1). */
type Coordinate = (n: number) => number;

const streamOf = (seed: number, dimension: number) => randomStream({ seed, name: `search dimension ${dimension}` });

/** Uniform and independent; a stream a dimension, so that neither more points nor more dimensions change any. */
function randomCoordinate(seed: number, dimension: number): Coordinate {
  const stream = streamOf(seed, dimension);
  const drawn: number[] = [];
  return (n) => {
    while (drawn.length <= n) drawn.push(stream.uniform());
    return drawn[n]!;
  };
}

function primeAfter(n: number): number {
  const isPrime = (m: number) =>
    !Array.from({ length: Math.floor(Math.sqrt(m)) - 1 }, (_, i) => i + 2).some((d) => m % d === 0);
  let candidate = n + 1;
  while (!isPrime(candidate)) candidate++;
  return candidate;
}

/** The first prime numbers, one a dimension. */
export function primes(count: number): number[] {
  const found: number[] = [];
  while (found.length < count) found.push(primeAfter(found.at(-1) ?? 1));
  return found;
}

/**
 * The radical inverse Σ_i π_i(d_i) b^−(i+1) of n = Σ_i d_i b^i, each digit under a permutation of its own.
 *
 * @param permutations one a digit; b to their number is at most 2^53, so that only the division rounds
 */
export function radicalInverse(n: number, base: number, permutations: readonly ArrayLike<number>[]): number {
  let [numerator, denominator, rest] = [0, 1, n];
  for (const permutation of permutations) {
    numerator = numerator * base + permutation[rest % base]!;
    denominator *= base;
    rest = Math.floor(rest / base);
  }
  return numerator / denominator;
}

/** As many digits as coordinates of 50 bits have: those stay below 1 when they are rounded. */
function digitCount(base: number): number {
  let count = 0;
  for (let power = base; power <= 2 ** 50; power *= base) count++;
  return count;
}

/**
 * Halton's sequence with random digit permutations (A. Owen, A randomized Halton algorithm in R, 2017): plain, its
 * first points are all but equal in neighbouring dimensions of large bases.
 */
function haltonCoordinate(seed: number, dimension: number, base: number): Coordinate {
  const stream = streamOf(seed, dimension);
  const permutations = Array.from({ length: digitCount(base) }, () => stream.permutation(base));
  return (n) => radicalInverse(n, base, permutations);
}

/** How points are spread over the unit cube. */
export interface Spreading {
  readonly method: "halton" | "random";
  readonly seed: number;
}

/** Points of the unit cube [0, 1)^d, one after the other without end: the first n are the same however many follow. */
export function* unitCubePoints({ method, seed }: Spreading, dimensions: number): Generator<number[]> {
  const coordinates =
    method === "random"
      ? Array.from({ length: dimensions }, (_, i) => randomCoordinate(seed, i))
      : primes(dimensions).map((base, i) => haltonCoordinate(seed, i, base));
  for (let n = 0; ; n++) yield coordinates.map((coordinate) => coordinate(n));
}
