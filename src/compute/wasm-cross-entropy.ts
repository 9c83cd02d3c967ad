import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** The cross-entropy of labels in the memory of the wasm backend; see assembly/cross-entropy.ts. */
export const wasmCrossEntropy =
  (kernel: MatrixKernel): KernelFunction =>
  ({ inputs, backend }) => {
    const { logits, labels } = inputs as Inputs<"logits" | "labels">;
    const wasm = backend as WasmBackend;
    const [rows, classes] = logits.shape as [number, number];
    const losses = wasm.makeOutput([rows], "float32");
    const gradient = wasm.makeOutput([rows, classes], "float32");
    const [x, y, f, g] = [logits, labels, losses, gradient].map((tensor) => addressOf(wasm, tensor)) as Addresses;
    exportsIn(wasm.wasm, kernel).crossEntropy(x, y, rows, classes, f, g);
    return [losses, gradient];
  };
type Addresses = [number, number, number, number];
