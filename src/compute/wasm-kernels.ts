import * as tf from "@tensorflow/tfjs-core";
import { crossEntropyKernel, hitsKernel, intensitiesKernel, reluGradientKernel } from "./kernel-names.js";
import type { MatrixKernel } from "./matrix-kernel.js";
import type { Inputs, Kernel, KernelFunction, WasmBackend, WasmBackendName } from "./wasm-backend.js";
import { convolution, filterGradient, inputGradient } from "./wasm-convolution.js";
import { wasmCrossEntropy } from "./wasm-cross-entropy.js";
import { type Multiplier, multiplierBy } from "./wasm-fusion.js";
import { wasmHits } from "./wasm-hits.js";
import { wasmIntensities } from "./wasm-intensities.js";
import { matrixProducts } from "./wasm-matmul.js";
import { averagePoolGradient, maxPoolGradient } from "./wasm-pooling.js";
import { wasmReluGradient } from "./wasm-relu-gradient.js";
import { leadingSums } from "./wasm-sum.js";
import { wasmTanh } from "./wasm-tanh.js";

/** Another handle of the same data: the kernel that is shipped copies it. */
const identity: KernelFunction = ({ inputs, backend }) => {
  const { x } = inputs as Inputs<"x">;
  (backend as WasmBackend).incRef(x.dataId);
  return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
};

type Replacement = (shipped: KernelFunction, multiplier: Multiplier, kernel: MatrixKernel) => KernelFunction;

/** By kernel name: what replaces the kernel that is shipped. */
const replacements: Readonly<Record<string, Replacement>> = {
  [tf.BatchMatMul]: matrixProducts,
  [tf._FusedMatMul]: matrixProducts,
  [tf.Conv2D]: convolution,
  [tf.FusedConv2D]: convolution,
  [tf.Conv2DBackpropInput]: inputGradient,
  [tf.MaxPoolGrad]: (_, multiplier) => maxPoolGradient(multiplier),
  [tf.AvgPoolGrad]: () => averagePoolGradient,
  [tf.Sum]: (shipped, _, kernel) => leadingSums(shipped, kernel),
  [tf.Tanh]: (_, __, kernel) => wasmTanh(kernel),
  [tf.Identity]: (shipped) => (call) => (call.inputs.x!.dtype === "string" ? shipped(call) : identity(call)),
};

/** Kernels that wasm does not have. */
const additions: Readonly<Record<string, (multiplier: Multiplier, kernel: MatrixKernel) => KernelFunction>> = {
  [tf.Conv2DBackpropFilter]: filterGradient,
  [crossEntropyKernel]: (_, kernel) => wasmCrossEntropy(kernel),
  [reluGradientKernel]: (_, kernel) => wasmReluGradient(kernel),
  [intensitiesKernel]: (_, kernel) => wasmIntensities(kernel),
  [hitsKernel]: () => wasmHits,
};

/** By backend, the kernels replaced, as they were shipped. */
const shippedKernels = new Map<WasmBackendName, readonly Kernel[]>();

function register(kernel: Kernel): void {
  tf.unregisterKernel(kernel.kernelName, kernel.backendName);
  tf.registerKernel(kernel);
}

/** Replaces kernels of a wasm backend that are slow or wrong, and adds missing ones. Doing it twice is doing it once. */
export function replaceWasmKernels(backendName: WasmBackendName, kernel: MatrixKernel): void {
  if (shippedKernels.has(backendName)) return;
  const multiplier = multiplierBy(kernel);
  shippedKernels.set(
    backendName,
    Object.keys(replacements).map((name) => tf.getKernel(name, backendName)),
  );
  for (const [name, replace] of Object.entries(replacements)) {
    const shipped = tf.getKernel(name, backendName);
    register({ ...shipped, kernelFunc: replace(shipped.kernelFunc, multiplier, kernel) });
  }
  for (const [kernelName, make] of Object.entries(additions)) {
    tf.registerKernel({ kernelName, backendName, kernelFunc: make(multiplier, kernel) });
  }
}

/** Leaves a wasm backend with the kernels it is shipped with. */
export function restoreWasmKernels(backendName: WasmBackendName): void {
  const kernels = shippedKernels.get(backendName);
  if (!kernels) return;
  for (const shipped of kernels) register(shipped);
  for (const kernelName of Object.keys(additions)) tf.unregisterKernel(kernelName, backendName);
  shippedKernels.delete(backendName);
}
