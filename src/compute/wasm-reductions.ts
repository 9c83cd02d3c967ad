import * as tf from "@tensorflow/tfjs-core";
import { generalNorm, type HostReductions } from "./host-reductions.js";
import type { MatrixKernel } from "./matrix-kernel.js";
import { addressOf, type WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** On the memory of the wasm backend; see assembly/reductions.ts. */
export function wasmReductions(kernel: MatrixKernel): HostReductions {
  const active = () => {
    const backend = tf.backend() as WasmBackend;
    return { backend, ...exportsIn(backend.wasm, kernel) };
  };
  return {
    norm(x, p) {
      const { backend, sumOfSquares, sumOfMagnitudes, largestMagnitude } = active();
      const [address, size] = [addressOf(backend, x), tf.util.sizeFromShape(x.shape)];
      if (p === 1) return sumOfMagnitudes(address, size);
      if (p === 2) return Math.sqrt(sumOfSquares(address, size));
      const largest = largestMagnitude(address, size);
      return p === "infinity" ? largest : generalNorm(backend.typedArrayFromHeap(x), p, largest);
    },
    dot(x, y) {
      const { backend, dot } = active();
      return dot(addressOf(backend, x), addressOf(backend, y), tf.util.sizeFromShape(x.shape));
    },
    sum(x) {
      const { backend, sum } = active();
      return sum(addressOf(backend, x), tf.util.sizeFromShape(x.shape));
    },
  };
}
