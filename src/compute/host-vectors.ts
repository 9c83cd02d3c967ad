const slabEntries = 8192;
let slab = new Float64Array(slabEntries);
let used = 0;

/** Entries of a vector that is small. */
const fewEntries = slabEntries / 16;

/**
 * A new vector of zeros. A small one is a view into a shared slab: V8 takes 340 ns to allocate a buffer of ten numbers and
 * 40 ns to make such a view. Views never overlap.
 */
function newVector(n: number): Float64Array {
  if (n > fewEntries) return new Float64Array(n);
  if (used + n > slabEntries) {
    slab = new Float64Array(slabEntries);
    used = 0;
  }
  used += n;
  return new Float64Array(slab.buffer, (used - n) * 8, n);
}

/** Entries that wait to be used again, at most: 32 MiB. What is more is left to the garbage collector. */
const mostFreeEntries = 2 ** 22;

/** Vectors that wait to be used again, by their number of entries, and the list that was asked for last. */
const free = new Map<number, Float64Array[]>();
let freeEntries = 0;
let lastLength = -1;
let lastFree: Float64Array[] = [];

/** Vectors in a row. It is counted apart: to shorten an array takes longer than a small vector. */
class VectorList {
  private readonly vectors: Float64Array[] = [];
  count = 0;

  at(i: number): Float64Array {
    return this.vectors[i]!;
  }

  push(vector: Float64Array): void {
    const { vectors, count } = this;
    if (count < vectors.length) vectors[count] = vector;
    else vectors.push(vector);
    this.count = count + 1;
  }

  /** The last one takes its place. */
  remove(i: number): void {
    this.count--;
    this.vectors[i] = this.vectors[this.count]!;
  }

  indexOf(vector: Float64Array): number {
    const { vectors, count } = this;
    for (let i = 0; i < count; i++) if (vectors[i] === vector) return i;
    return -1;
  }
}

/** The vectors that are made in the scopes that are open, those of an inner one after those of an outer one. */
const made = new VectorList();
let depth = 0;

/** Vectors that outlive a scope, at most, of which it is known that they may be used again. */
const mostOutliving = 1024;

/** Vectors that outlived the outermost scope and were not disposed of since. They are few: a look through them is quick. */
const outliving = new VectorList();

/** Whether a vector that is made now may be used again later. */
export const isInScope = (): boolean => depth > 0;

function freeOf(n: number): Float64Array[] {
  if (n === lastLength) return lastFree;
  let list = free.get(n);
  if (!list) {
    list = [];
    free.set(n, list);
  }
  lastLength = n;
  lastFree = list;
  return list;
}

/** A vector of n entries, whatever they are: for operations that write all of them. */
export function vectorOf(n: number): Float64Array {
  if (depth === 0) return newVector(n);
  const list = freeOf(n);
  let vector: Float64Array;
  if (list.length === 0) vector = newVector(n);
  else {
    vector = list.pop()!;
    freeEntries -= n;
  }
  made.push(vector);
  return vector;
}

/** A vector of n zeros. */
export function zeros(n: number): Float64Array {
  const vector = vectorOf(n);
  if (n > fewEntries) return vector.fill(0);
  for (let i = 0; i < n; i++) vector[i] = 0;
  return vector;
}

function release(vector: Float64Array): void {
  const { length } = vector;
  if (freeEntries + length > mostFreeEntries) return;
  freeEntries += length;
  freeOf(length).push(vector);
}

type Kept = readonly (Float64Array | number)[];

/** The vectors that a value holds. */
function vectorsIn(value: unknown, found: Float64Array[] = []): Kept {
  if (typeof value !== "object" || value === null) return found;
  if (value instanceof Float64Array) found.push(value);
  else for (const part of Array.isArray(value) ? value : Object.values(value)) vectorsIn(part, found);
  return found;
}

function isAmong(kept: Kept, vector: Float64Array): boolean {
  for (let i = 0; i < kept.length; i++) if (kept[i] === vector) return true;
  return false;
}

/** Releases the vectors made since there were `first`, save those that are kept. */
function releaseSince(first: number, kept: Kept): void {
  const { count } = made;
  made.count = first;
  for (let i = first; i < count; i++) {
    const vector = made.at(i);
    if (!isAmong(kept, vector)) release(vector);
    // An outer scope may have no use for it.
    else if (depth > 1) made.push(vector);
    // Of those that nobody disposes of nothing need be known: they go with who holds them.
    else if (outliving.count < mostOutliving) outliving.push(vector);
  }
}

/** Has vectors that outlived their scope used again; of others nothing is known. */
export function dispose(vectors: readonly (Float64Array | number)[]): void {
  for (let i = 0; i < vectors.length; i++) {
    const vector = vectors[i]!;
    if (typeof vector === "number") continue;
    const found = outliving.indexOf(vector);
    if (found < 0) continue;
    outliving.remove(found);
    release(vector);
  }
}

/**
 * Runs f; every vector made in it is used again afterwards, save those in what it returns.
 *
 * @param forget called where vectors may have become others, and at the end of the outermost scope: what is known of
 * them by then holds no longer
 * @param keptOf the vectors in what it returns; without it that is searched, which takes longer than a step of ten numbers
 */
export function scope<T>(f: () => T, forget: () => void, keptOf: (result: T) => Kept = vectorsIn): T {
  const first = made.count;
  depth++;
  try {
    const result = f();
    if (made.count > first) {
      releaseSince(first, keptOf(result));
      if (depth > 1) forget();
    }
    return result;
  } finally {
    depth--;
    if (depth === 0) {
      made.count = 0;
      forget();
    }
  }
}
