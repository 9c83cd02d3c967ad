import { workerData } from "node:worker_threads";
import type { KernelExports } from "./matrix-product.js";
import { asked, begin, done, type HelperTask, signal, signalBytes, waitWhile } from "./product-signal.js";

// A thread that makes shares of matrix products, in the memory of the thread that asks; it ends with that one.

const { module, memory, signals, product, workspace, hasWideTiles } = workerData as HelperTask;
const { multiply } = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelExports;
const words = new Int32Array(memory.buffer, signals, signalBytes / 4);

for (let share = 1; ; share++) {
  signal(words, done, share - 1);
  waitWhile(words, asked, share - 1);
  if (begin(words, share)) multiply(product, workspace, hasWideTiles);
}
