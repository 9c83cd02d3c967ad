import type * as tf from "@tensorflow/tfjs-core";
import { getKernel } from "@tensorflow/tfjs-core";
import type { WasmData } from "./wasm-vector.js";

/** The names by which TensorFlow.js's backend for WebAssembly is started, each with kernels of its own. */
export type WasmBackendName = "wasm" | "wasm-fma";

/** What is used of the interior of the wasm backend: its Emscripten module. */
export interface WasmModule {
  _malloc(bytes: number): number;
  _free(address: number): void;
  readonly asm: { readonly memory: WebAssembly.Memory; malloc(bytes: number): number; free(address: number): void };
  readonly HEAPU8: Uint8Array;
}

/** What the wasm backend has beyond other backends: its memory, results to be filled in, and where tensors lie. */
export type WasmBackend = tf.KernelBackend & {
  readonly wasm: WasmModule;
  /** The table of the data. */
  readonly dataIdMap: {
    get(dataId: tf.DataId): WasmData;
    set(dataId: tf.DataId, data: WasmData): void;
    has(dataId: tf.DataId): boolean;
    delete(dataId: tf.DataId): boolean;
  };
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** A view, which an allocation can detach. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
};

/** A kernel as it is registered, and its function, which is given handles of data without the autodiff of a Tensor. */
export type Kernel = NonNullable<ReturnType<typeof tf.getKernel>>;
export type KernelFunction = Kernel["kernelFunc"];
export type KernelArguments = Parameters<KernelFunction>[0];
export type Inputs<Name extends string> = Readonly<Record<Name, tf.TensorInfo>>;

/** Bytes from the beginning of the memory to the tensor's first entry. */
export const addressOf = (backend: WasmBackend, { dataId }: tf.TensorInfo): number =>
  backend.dataIdMap.get(dataId).memoryOffset;

/** Calls the backend's kernel of this name. The caller owns the result. */
export function callKernel(
  backend: WasmBackend,
  kernelName: string,
  inputs: Record<string, tf.TensorInfo>,
  attrs: tf.NamedAttrMap = {},
): tf.TensorInfo {
  return getKernel(kernelName, "wasm").kernelFunc({ inputs, attrs, backend }) as tf.TensorInfo;
}
