/** What a helping thread is given when it starts. Addresses are in bytes. */
export interface HelperTask {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Of the words below, each the first of a line of the cache. */
  readonly signals: number;
  /** Of what to multiply. */
  readonly product: number;
  readonly workspace: number;
  readonly hasWideTiles: number;
}

/** Places of the signals: how many shares were asked for, how many of them somebody has begun, and how many are done with. */
export const asked = 0;
export const begun = 16;
export const done = 32;
/** Bytes that they take, with the rest of their lines. */
export const signalBytes = 192;

/** What stands in place of the number that are done before the thread is ready. */
export const notReady = -1;

/** Looks at a word that are made in some 50 µs, within which most waits end; to be woken takes about as long. */
const looks = 20_000;

/** Waits for as long as a word holds this value. */
export function waitWhile(words: Int32Array, place: number, value: number): void {
  for (let i = 0; i < looks; i++) if (Atomics.load(words, place) !== value) return;
  while (Atomics.load(words, place) === value) Atomics.wait(words, place, value);
}

/** Begins a share, unless somebody has; whether it was not begun. */
export const begin = (words: Int32Array, share: number): boolean =>
  Atomics.compareExchange(words, begun, share - 1, share) === share - 1;

/** Sets a word, and wakes who waits for it. */
export function signal(words: Int32Array, place: number, value: number): void {
  Atomics.store(words, place, value);
  Atomics.notify(words, place);
}
