import { hitsOfRows } from "./hits.js";
import type { Inputs, KernelFunction, WasmBackend } from "./wasm-backend.js";

/** Where the largest logits are those of the labels; TensorFlow.js takes three operations, each more than this loop. */
export const wasmHits: KernelFunction = ({ inputs, backend }) => {
  const { logits, labels } = inputs as Inputs<"logits" | "labels">;
  const wasm = backend as WasmBackend;
  const [rows, classes] = logits.shape as [number, number];
  const result = wasm.makeOutput([rows], "float32");
  const values = hitsOfRows(wasm.typedArrayFromHeap(logits), wasm.typedArrayFromHeap(labels), classes);
  wasm.typedArrayFromHeap(result).set(values);
  return result;
};
