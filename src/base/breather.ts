import { setImmediate } from "node:timers/promises";

/** Lets timers and signals run: tensors computed on the CPU never leave the microtask queue. */
export function breather(milliseconds: number): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < milliseconds) return undefined;
    return setImmediate(undefined).then(() => {
      last = performance.now();
    });
  };
}
