import { setImmediate } from "node:timers/promises";
import { interval } from "./interval.js";

/** Lets timers and signals run: tensors computed on the CPU never leave the microtask queue. */
export function breather(milliseconds: number): () => Promise<void> | undefined {
  const { hasPassed, restart } = interval(milliseconds);
  return () => (hasPassed() ? setImmediate(undefined).then(restart) : undefined);
}
