const slabEntries = 8192;
let slab = new Float64Array(slabEntries);
let used = 0;

/** Entries of a vector that is small. */
const fewEntries = slabEntries / 16;

/**
 * A new small vector of zeros, as a view into a shared slab: V8 takes 340 ns to allocate a buffer of ten numbers and 40 ns
 * to make such a view. Views never overlap. To use them again would cost more than the garbage collector does.
 */
function smallVector(n: number): Float64Array {
  if (used + n > slabEntries) {
    slab = new Float64Array(slabEntries);
    used = 0;
  }
  used += n;
  return new Float64Array(slab.buffer, (used - n) * 8, n);
}

/** Entries that wait to be used again, at most: 32 MiB. What is more is left to the garbage collector. */
const mostFreeEntries = 2 ** 22;

/** Large vectors that wait to be used again, by their number of entries. */
const free = new Map<number, Float64Array[]>();
let freeEntries = 0;

/** The large vectors made in the scopes that are open, those of an inner one after those of an outer one. */
const made: Float64Array[] = [];
let depth = 0;

/** Large vectors that outlived the outermost scope and were not disposed of since. */
const outliving = new WeakSet<object>();
let outlivingCount = 0;

/** Whether a vector that is made now may be used again later. */
export const isInScope = (): boolean => depth > 0;

function reused(n: number): Float64Array | undefined {
  const vector = free.get(n)?.pop();
  if (vector) freeEntries -= n;
  return vector;
}

/** A vector of n entries, whatever they are: for operations that write all of them. */
export function vectorOf(n: number): Float64Array {
  if (n <= fewEntries) return smallVector(n);
  if (depth === 0) return new Float64Array(n);
  const vector = reused(n) ?? new Float64Array(n);
  made.push(vector);
  return vector;
}

/** A vector of n zeros. */
export const zeros = (n: number): Float64Array => (n <= fewEntries ? smallVector(n) : vectorOf(n).fill(0));

function release(vector: Float64Array): void {
  const { length } = vector;
  if (freeEntries + length > mostFreeEntries) return;
  freeEntries += length;
  const list = free.get(length);
  if (list) list.push(vector);
  else free.set(length, [vector]);
}

/** Collects the large vectors that a value holds. */
function collect(value: unknown, into: unknown[]): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Float64Array) {
    if (value.length > fewEntries) into.push(value);
  } else if (Array.isArray(value)) {
    // Scalars come in lists of their own.
    if (typeof value[0] !== "number") for (const part of value) collect(part, into);
  } else for (const part of Object.values(value)) collect(part, into);
}

/** Releases the vectors made since there were `first`, save those that the result holds. */
function releaseSince(first: number, result: unknown): void {
  const kept: unknown[] = [];
  collect(result, kept);
  let end = first;
  for (let i = first; i < made.length; i++) {
    const vector = made[i]!;
    if (!kept.includes(vector)) release(vector);
    // An outer scope may have no use for it.
    else if (depth > 1) made[end++] = vector;
    else {
      outliving.add(vector);
      outlivingCount++;
    }
  }
  made.length = end;
}

/** Has large vectors that outlived their scope used again; of others nothing is known. */
export function dispose(vectors: readonly (Float64Array | number)[]): void {
  // Small problems have none, and steps of less than a microsecond.
  if (outlivingCount === 0) return;
  for (const vector of vectors) {
    if (typeof vector === "number" || !outliving.delete(vector)) continue;
    outlivingCount--;
    release(vector);
  }
}

/**
 * Runs f; every large vector made in it is used again afterwards, save those in what it returns.
 *
 * @param forget called where vectors may have become others, and at the end of the outermost scope: what is known of
 * them by then holds no longer
 */
export function scope<T>(f: () => T, forget: () => void): T {
  const first = made.length;
  depth++;
  try {
    const result = f();
    if (made.length > first) {
      releaseSince(first, result);
      forget();
    }
    return result;
  } finally {
    depth--;
    if (depth === 0) {
      // To assign the length takes longer than to compare it.
      if (made.length > 0) made.length = 0;
      forget();
    }
  }
}
